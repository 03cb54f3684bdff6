package org.sluice.tck;

import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;

/** What Sv39, Sv48 and Sv57 share: sign-extended in full width, with and without leaves of 64K, and with the updating of A and D. */
abstract class SvTck extends PageTableFormatTck {
    private final PageTableFormat format;
    private final int width;

    SvTck(PageTableFormat format, int width) {
        this.format = format;
        this.width = width;
    }

    @Override
    protected FormatUnderTest underTest() {
        long plain = 1L << 12 | 1L << 21 | 1L << 30;
        return FormatUnderTest.of(
                        format,
                        List.of(
                                new PageTableConfig(format.name(), plain | 1L << 16, width, 56, true, 0),
                                new PageTableConfig(format.name(), plain, width - 1, 40, true, 0),
                                new PageTableConfig(
                                        format.name(), plain | 1L << 16, width - 1, 56, true, Quirk.HARDWARE_AD)))
                .withUnmapRule(UnmapRule.REMOVE_WHOLE)
                .withMisaligned(Errno.ENXIO)
                .withSplitting(config -> true)
                .withProtections(
                        Protections.exactly(SvTck::readBack, Prot.WRITE).refusing(Errno.EOPNOTSUPP))
                .withDirtyMarks(new DirtyMarks(1 << 7, 0, true, Quirk.HARDWARE_AD));
    }

    /** Writing implies reading; CACHE and MMIO have no bits. */
    private static int readBack(int prot) {
        int kept = prot & (Prot.READ | Prot.WRITE | Prot.NOEXEC | Prot.PRIV);
        return (prot & Prot.WRITE) != 0 ? kept | Prot.READ : kept;
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
