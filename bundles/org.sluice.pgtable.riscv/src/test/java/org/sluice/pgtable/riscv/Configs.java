package org.sluice.pgtable.riscv;

import java.util.List;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Formats and configurations for tests. */
final class Configs {
    static final PageTableFormat SV39 = new Sv39Format();
    static final PageTableFormat SV48 = new Sv48Format();
    static final PageTableFormat SV57 = new Sv57Format();

    static final long SIZES = 1L << 12 | 1L << 16 | 1L << 21 | 1L << 30;
    static final int OUTPUT_BITS = 56;

    private Configs() {}

    static PageTableConfig of(PageTableFormat format, long sizes, int inputBits, int outputBits) {
        return new PageTableConfig(format.name(), sizes, inputBits, outputBits, true, 0);
    }

    static PageTableConfig of(PageTableFormat format, int inputBits) {
        return of(format, SIZES, inputBits, OUTPUT_BITS);
    }

    static PageTableFormat format(PageTableConfig config) {
        return config.format().equals(SV39.name()) ? SV39 : config.format().equals(SV48.name()) ? SV48 : SV57;
    }

    /** Bits that the top table translates. */
    static int width(PageTableConfig config) {
        return Integer.parseInt(config.format().substring("RISCV_64_SV".length()));
    }

    /** Whether IOVAs are sign-extended. */
    static boolean hasHalves(PageTableConfig config) {
        return config.inputBits() == width(config);
    }

    /** Every format in full width and as one range, with and without Svnapot; those of generic_pt's KUnit first. */
    static List<PageTableConfig> each() {
        long plain = SIZES & ~(1L << 16);
        return List.of(
                of(SV39, 39),
                of(SV48, plain, 48, OUTPUT_BITS),
                of(SV57, 57),
                of(SV39, plain, 38, 40),
                of(SV48, SIZES | 1L << 39, 47, OUTPUT_BITS),
                of(SV57, SIZES | 1L << 39 | 1L << 48, 56, OUTPUT_BITS));
    }
}
