package org.sluice.tck;

import java.util.List;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.amd.AmdV1Format;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;

/** AMD_V1: levels' own sizes, every power of two, and sizes between those of levels. */
class AmdV1Test extends PageTableFormatTck {
    /** Tables are of 4K whatever the smallest page is: 2M, 1G, 512G, 256T, and above. */
    private static final long SPANS = 1L << 21 | 1L << 30 | 1L << 39 | 1L << 48 | 1L << 57;

    @Override
    protected FormatUnderTest underTest() {
        return FormatUnderTest.of(
                        new AmdV1Format(),
                        List.of(
                                config(1L << 12 | 1L << 21 | 1L << 30, 48),
                                config(-1L << 12, 39),
                                config(1L << 14 | 1L << 16 | 1L << 29, 40)))
                .withUnmapRule(UnmapRule.REMOVE_WHOLE)
                .withSplitting(config -> true)
                .withProtections(Protections.exactly(prot -> prot & (Prot.READ | Prot.WRITE | Prot.CACHE), Prot.WRITE))
                .withTables(config -> SPANS, 8)
                .withDirtyMarks(new DirtyMarks(1 << 6, 0, false));
    }

    private static PageTableConfig config(long sizes, int inputBits) {
        return new PageTableConfig("AMD_V1", sizes, inputBits, 52, true, 0);
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
