package org.sluice.tck;

import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.x86.SecondStageFormat;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** VTDSS: three, four and five levels, one range from 0 in full width too; every leaf snooped with FORCE_COHERENCE. */
class VtdSecondStageTest extends PageTableFormatTck {
    private static final long SIZES = 1L << 12 | 1L << 21 | 1L << 30;
    private static final int ACCESS = Prot.READ | Prot.WRITE;

    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new SecondStageFormat(),
                        List.of(
                                config(SIZES, 39, 0),
                                config(SIZES, 48, 0),
                                config(SIZES, 57, Quirk.FORCE_COHERENCE | Quirk.HARDWARE_AD),
                                config(1L << 12 | 1L << 21, 36, Quirk.HARDWARE_AD)))
                .withUnmapRule(UnmapRule.REMOVE_WHOLE)
                .withMisaligned(Errno.ENXIO)
                .withSplitting(config -> true)
                .withProtections(Protections.exactly(prot -> prot & ACCESS, Prot.WRITE)
                        .readingBack((config, asked, read) -> read == (asked & ACCESS | snooped(config))))
                .withDirtyMarks(new DirtyMarks(1 << 9, 0, false, Quirk.HARDWARE_AD));
    }

    private static PageTableConfig config(long sizes, int inputBits, int quirks) {
        return new PageTableConfig("VTDSS", sizes, inputBits, 52, true, quirks);
    }

    private static int snooped(PageTableConfig config) {
        return config.has(Quirk.FORCE_COHERENCE) ? Prot.CACHE : 0;
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
