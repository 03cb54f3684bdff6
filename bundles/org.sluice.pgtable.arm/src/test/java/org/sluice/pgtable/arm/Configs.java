package org.sluice.pgtable.arm;

import java.util.ArrayList;
import java.util.List;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Configurations for tests. */
final class Configs {
    static final long SIZES_4K = 1L << 12 | 1L << 21 | 1L << 30;
    static final long SIZES_16K = 1L << 14 | 1L << 25;
    static final long SIZES_SHORT = 1L << 12 | 1L << 16 | 1L << 20 | 1L << 24;
    static final long SIZES_64K = 1L << 16 | 1L << 29;

    private Configs() {}

    static PageTableConfig of(long sizes, int inputBits, int outputBits, int quirks) {
        return new PageTableConfig(Stage1Format.NAME, sizes, inputBits, outputBits, true, quirks);
    }

    static PageTableConfig stage2(long sizes, int inputBits, int outputBits) {
        return new PageTableConfig(Stage2Format.NAME, sizes, inputBits, outputBits, true, 0);
    }

    /** The 4K granule of a format. */
    static PageTableConfig of4K(String format, int inputBits, int outputBits) {
        return new PageTableConfig(format, SIZES_4K, inputBits, outputBits, true, 0);
    }

    static PageTableConfig shortDescriptors(int quirks) {
        boolean wide = (quirks & Quirk.ARM_MTK_EXT) != 0;
        return new PageTableConfig(ShortFormat.NAME, SIZES_SHORT, wide ? 34 : 32, wide ? 35 : 32, true, quirks);
    }

    static boolean isShort(PageTableConfig config) {
        return config.format().equals(ShortFormat.NAME);
    }

    static PageTableConfig of(long sizes) {
        return of(sizes, 48, 48, 0);
    }

    /** Every granule, both halves, 52 bits, and concatenated tables; every format. */
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
        configs.add(stage2(SIZES_4K, 48, 48));
        configs.add(stage2(SIZES_4K, 42, 42));
        configs.add(stage2(SIZES_16K, 48, 48));
        configs.add(stage2(SIZES_16K, 40, 40));
        configs.add(stage2(SIZES_64K | 1L << 42, 52, 52));
        configs.addAll(contiguous());
        configs.addAll(lpa2());
        configs.add(of4K(Stage1Format32.NAME, 32, 40));
        configs.add(of4K(Stage2Format32.NAME, 40, 40));
        configs.add(of4K(MaliFormat.NAME, 48, 40));
        configs.add(of4K(MaliFormat.NAME, 33, 40));
        configs.add(shortDescriptors(0));
        configs.add(shortDescriptors(Quirk.ARM_NS));
        configs.add(shortDescriptors(Quirk.NO_PERMS | Quirk.ARM_MTK_EXT | Quirk.ARM_MTK_TTBR_EXT));
        return configs;
    }

    /** Contiguous groups of every granule, in both stages. */
    static List<PageTableConfig> contiguous() {
        return List.of(
                of(SIZES_4K, 48, 48, Quirk.ARM_CONTIGUOUS),
                of(SIZES_16K, 48, 48, Quirk.ARM_CONTIGUOUS | Quirk.ARM_TTBR1),
                of(SIZES_64K, 48, 48, Quirk.ARM_CONTIGUOUS),
                stage2(SIZES_4K, 40, 40).withQuirks(Quirk.ARM_CONTIGUOUS),
                stage2(SIZES_16K, 40, 40).withQuirks(Quirk.ARM_CONTIGUOUS),
                of4K(Stage1Format32.NAME, 32, 40).withQuirks(Quirk.ARM_CONTIGUOUS));
    }

    /** 52 bits with 4K and 16K granules, in both stages, with fewer levels and with concatenated tables. */
    static List<PageTableConfig> lpa2() {
        int lpa2 = Quirk.ARM_LPA2;
        return List.of(
                of(SIZES_4K | 1L << 39, 52, 52, lpa2),
                of(SIZES_4K, 48, 52, lpa2 | Quirk.ARM_TTBR1),
                of(SIZES_16K | 1L << 36, 52, 52, lpa2 | Quirk.ARM_TTBR1 | Quirk.ARM_CONTIGUOUS),
                stage2(SIZES_4K | 1L << 39, 52, 52).withQuirks(lpa2 | Quirk.ARM_CONTIGUOUS),
                stage2(SIZES_4K | 1L << 39, 50, 48).withQuirks(lpa2),
                stage2(SIZES_16K | 1L << 36, 52, 52).withQuirks(lpa2),
                stage2(SIZES_16K | 1L << 36, 51, 48).withQuirks(lpa2));
    }

    /** Pages of 4K in every format. */
    static List<PageTableConfig> of4K() {
        return List.of(
                of(SIZES_4K),
                stage2(SIZES_4K, 48, 48),
                of4K(Stage1Format32.NAME, 32, 40),
                of4K(Stage2Format32.NAME, 40, 40),
                of4K(MaliFormat.NAME, 48, 40),
                of4K(MaliFormat.NAME, 33, 40),
                shortDescriptors(0));
    }

    /** Levels of tables that a configuration has, counted from the tables of Linux (linux-iommu.md section 2.2). */
    static int levels(PageTableConfig config) {
        if (config.format().equals(MaliFormat.NAME)) {
            return 4;
        }
        int shift = Long.numberOfTrailingZeros(config.pageSizes());
        int bits = shift - 3;
        int levels = (config.inputBits() - shift + bits - 1) / bits;
        int outputBits = config.outputBits();
        boolean concatenated = config.format().endsWith("S2")
                && (shift == 12 && levels == 5 && outputBits < 52
                        || shift == 12 && levels == 4 && (outputBits == 40 || outputBits == 42)
                        || shift == 14 && levels == 4 && outputBits <= 48
                        || shift == 14 && levels == 3 && outputBits == 40);
        return concatenated ? levels - 1 : levels;
    }

    /** The configurations of Linux's self-tests (linux-iommu.md sections 5.1 and 5.2), and one of each other format. */
    static List<PageTableConfig> selfTest() {
        int[] bits = {32, 36, 40, 42, 44, 48};
        List<PageTableConfig> configs = new ArrayList<>();
        for (long sizes : new long[] {SIZES_4K, SIZES_16K, SIZES_64K}) {
            for (int outputBits : bits) {
                for (int inputBits : bits) {
                    if (inputBits <= outputBits) {
                        configs.add(of(sizes, inputBits, outputBits, Quirk.NO_WARN));
                        configs.add(stage2(sizes, inputBits, outputBits).withQuirks(Quirk.NO_WARN));
                    }
                }
            }
        }
        configs.add(of4K(Stage1Format32.NAME, 32, 40));
        configs.add(of4K(Stage2Format32.NAME, 40, 40));
        configs.add(of4K(MaliFormat.NAME, 40, 40));
        configs.add(shortDescriptors(Quirk.ARM_NS | Quirk.NO_WARN));
        return configs;
    }
}
