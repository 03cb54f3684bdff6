package org.sluice.pgtable.arm;

import java.util.ArrayList;
import java.util.List;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Configurations for tests. */
final class Configs {
    static final long SIZES_4K = 1L << 12 | 1L << 21 | 1L << 30;
    static final long SIZES_16K = 1L << 14 | 1L << 25;
    static final long SIZES_64K = 1L << 16 | 1L << 29;

    private Configs() {}

    static PageTableConfig of(long sizes, int inputBits, int outputBits, int quirks) {
        return new PageTableConfig(Stage1Format.NAME, sizes, inputBits, outputBits, true, quirks);
    }

    static PageTableConfig of(long sizes) {
        return of(sizes, 48, 48, 0);
    }

    /** Every granule, both halves, and 52 bits. */
    static List<PageTableConfig> each() {
        List<PageTableConfig> configs = new ArrayList<>();
        for (int quirk : new int[] {0, Quirk.ARM_TTBR1}) {
            configs.add(of(SIZES_4K, 48, 48, quirk));
            configs.add(of(SIZES_4K, 39, 40, quirk));
            configs.add(of(SIZES_16K, 48, 48, quirk));
            configs.add(of(SIZES_16K, 36, 44, quirk));
            configs.add(of(SIZES_64K, 48, 48, quirk));
            configs.add(of(SIZES_64K | 1L << 42, 52, 52, quirk));
        }
        return configs;
    }

    /** The 63 configurations of Linux's self-test (linux-iommu.md section 5.1). */
    static List<PageTableConfig> selfTest() {
        int[] bits = {32, 36, 40, 42, 44, 48};
        List<PageTableConfig> configs = new ArrayList<>();
        for (long sizes : new long[] {SIZES_4K, SIZES_16K, SIZES_64K}) {
            for (int outputBits : bits) {
                for (int inputBits : bits) {
                    if (inputBits <= outputBits) {
                        configs.add(of(sizes, inputBits, outputBits, Quirk.NO_WARN));
                    }
                }
            }
        }
        return configs;
    }
}
