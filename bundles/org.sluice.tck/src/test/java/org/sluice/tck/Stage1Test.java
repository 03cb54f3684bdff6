package org.sluice.tck;

import java.util.ArrayList;
import java.util.List;
import org.sluice.api.Prot;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** ARM_64_LPAE_S1: every granule, both halves, small and large address spaces, groups. */
class Stage1Test extends PageTableFormatTck {
    private static final long K4 = 1L << 12 | 1L << 21 | 1L << 30;
    private static final long K16 = 1L << 14 | 1L << 25;
    private static final long K64 = 1L << 16 | 1L << 29;

    @Override
    protected FormatUnderTest underTest() {
        List<PageTableConfig> configs = new ArrayList<>();
        for (int half : new int[] {0, Quirk.ARM_TTBR1}) {
            configs.add(config(K4, 48, 48, half));
            configs.add(config(K4, 39, 40, half | Quirk.ARM_HD));
            configs.add(config(K16, 48, 48, half));
            configs.add(config(K16, 36, 44, half | Quirk.ARM_NS));
            configs.add(config(K64, 48, 48, half));
            configs.add(config(K64 | 1L << 42, 52, 52, half));
        }
        for (long sizes : new long[] {K4, K16, K64}) {
            configs.add(config(sizes, 48, 48, Quirk.ARM_CONTIGUOUS));
        }
        configs.add(config(K4 | 1L << 39, 52, 52, Quirk.ARM_LPA2));
        configs.add(config(K16 | 1L << 36, 52, 52, Quirk.ARM_LPA2 | Quirk.ARM_TTBR1 | Quirk.ARM_CONTIGUOUS));
        configs.add(new PageTableConfig("ARM_64_LPAE_S1", K4, 32, 32, false, Quirk.ARM_OUTER_WBWA));
        // Stage 1 has no write-only, and device memory is never cached.
        return FormatUnderTest.of(new Stage1Format(), configs)
                .withProtections(Protections.exactly(prot -> prot | Prot.READ, Prot.WRITE, Prot.WRITE | Prot.CACHE))
                .withDirtyMarks(new DirtyMarks(0, 1 << 7, true, Quirk.ARM_HD))
                .withSplitting(config -> true);
    }

    private static PageTableConfig config(long sizes, int inputBits, int outputBits, int quirks) {
        return new PageTableConfig("ARM_64_LPAE_S1", sizes, inputBits, outputBits, true, quirks);
    }

    @Override
    protected MemoryFactory memory() {
        return new ResidentMemoryFactory();
    }
}
