package org.sluice.pgtable.x86;

import java.util.List;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Formats and configurations for tests. */
final class Configs {
    static final PageTableFormat FIRST = new FirstStageFormat();
    static final PageTableFormat SECOND = new SecondStageFormat();

    static final long SIZES = 1L << 12 | 1L << 21 | 1L << 30;
    static final int OUTPUT_BITS = 52;

    private Configs() {}

    static PageTableConfig of(PageTableFormat format, long sizes, int inputBits, int outputBits) {
        return new PageTableConfig(format.name(), sizes, inputBits, outputBits, true, 0);
    }

    static PageTableConfig of(PageTableFormat format, int inputBits) {
        return of(format, SIZES, inputBits, OUTPUT_BITS);
    }

    static PageTableFormat format(PageTableConfig config) {
        return config.format().equals(FIRST.name()) ? FIRST : SECOND;
    }

    /** Bits that the top table translates. */
    static int width(PageTableConfig config) {
        int least = config.format().equals(FIRST.name()) ? 48 : 39;
        return config.inputBits() <= least ? least : config.inputBits() <= 48 ? 48 : 57;
    }

    /** Whether IOVAs are sign-extended. */
    static boolean hasHalves(PageTableConfig config) {
        return config.format().equals(FIRST.name()) && config.inputBits() == width(config);
    }

    /** Those of generic_pt's KUnit (linux-iommu.md section 5.5), and a small one. */
    static List<PageTableConfig> each() {
        return List.of(
                of(FIRST, 48),
                of(FIRST, 57),
                of(FIRST, 47),
                of(FIRST, 56),
                of(SECOND, 39),
                of(SECOND, 48),
                of(SECOND, 57),
                of(SECOND, SIZES, 38, 40));
    }
}
