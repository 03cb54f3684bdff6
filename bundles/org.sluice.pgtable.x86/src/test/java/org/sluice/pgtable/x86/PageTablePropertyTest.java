package org.sluice.pgtable.x86;

import java.util.List;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.RadixPropertyCases;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Both stages. */
class PageTablePropertyTest extends RadixPropertyCases {
    PageTablePropertyTest() {
        super(
                Prot.READ,
                Prot.READ | Prot.WRITE,
                Prot.READ | Prot.WRITE | Prot.CACHE,
                Prot.READ | Prot.CACHE | Prot.NOEXEC,
                Prot.READ | Prot.WRITE | Prot.MMIO | Prot.NOEXEC,
                Prot.READ | Prot.WRITE | Prot.PRIV,
                Prot.WRITE);
    }

    static List<PageTableConfig> configs() {
        return Configs.each();
    }

    @Override
    protected PageTableFormat format(PageTableConfig config) {
        return Configs.format(config);
    }

    @Override
    protected int width(PageTableConfig config) {
        return Configs.width(config);
    }

    /** The first stage has no write-only and no cacheability, the second one nothing but reading and writing. */
    @Override
    protected int granted(PageTableConfig config, int prot) {
        boolean first = Configs.format(config) == Configs.FIRST;
        return first ? (prot | Prot.READ) & ~(Prot.CACHE | Prot.MMIO) : prot & (Prot.READ | Prot.WRITE);
    }
}
