package org.sluice.pgtable.riscv;

import java.util.List;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.RadixPropertyCases;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Every format, with and without Svnapot. */
class PageTablePropertyTest extends RadixPropertyCases {
    PageTablePropertyTest() {
        super(
                Prot.READ,
                Prot.READ | Prot.WRITE,
                Prot.READ | Prot.WRITE | Prot.CACHE,
                Prot.READ | Prot.CACHE | Prot.NOEXEC,
                Prot.READ | Prot.WRITE | Prot.MMIO | Prot.NOEXEC,
                Prot.READ | Prot.WRITE | Prot.PRIV);
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

    /** Writing implies reading; cacheability has no bits. */
    @Override
    protected int granted(PageTableConfig config, int prot) {
        int reading = (prot & Prot.WRITE) != 0 ? Prot.READ : 0;
        return (prot | reading) & ~(Prot.CACHE | Prot.MMIO);
    }
}
