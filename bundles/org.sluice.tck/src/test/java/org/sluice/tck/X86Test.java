package org.sluice.tck;

import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.x86.FirstStageFormat;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** X86_64: four and five levels, each sign-extended in full width, and one range from 0 with a bit less. */
class X86Test extends PageTableFormatTck {
    private static final long SIZES = 1L << 12 | 1L << 21 | 1L << 30;

    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new FirstStageFormat(),
                        List.of(
                                config(SIZES, 48, 52),
                                config(SIZES, 57, 52),
                                config(SIZES, 47, 46),
                                config(4096, 56, 52),
                                config(SIZES, 48, 52).withQuirks(Quirk.HARDWARE_AD)))
                .withUnmapRule(UnmapRule.REMOVE_WHOLE)
                .withMisaligned(Errno.ENXIO)
                .withSplitting(config -> true)
                .withProtections(Protections.exactly(X86Test::readBack, Prot.WRITE))
                .withDirtyMarks(new DirtyMarks(1 << 6, 0, true, Quirk.HARDWARE_AD));
    }

    private static PageTableConfig config(long sizes, int inputBits, int outputBits) {
        return new PageTableConfig("X86_64", sizes, inputBits, outputBits, true, 0);
    }

    /** What is there is readable; CACHE and MMIO have no bits. */
    private static int readBack(int prot) {
        return prot & (Prot.WRITE | Prot.NOEXEC | Prot.PRIV) | Prot.READ;
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
