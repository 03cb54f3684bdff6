package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.PageTableConfig;

/**
 * The most that a configuration may ask of a format (linux-iommu.md section 2.2).
 *
 * @param inputBits width of IOVAs
 * @param outputBits width of physical addresses
 * @param pageSizes bitmap of the sizes that are looked at; others are left out
 */
record Limits(int inputBits, int outputBits, long pageSizes) {
    /** None but the granule's. */
    static final Limits OF_THE_GRANULE = new Limits(Integer.MAX_VALUE, Integer.MAX_VALUE, -1L);

    /** Sizes of the 4K granule, the only one of the 32-bit formats and Mali. */
    static final long SIZES_4K = 1L << 12 | 1L << 21 | 1L << 30;

    void check(String format, PageTableConfig config) {
        if (config.inputBits() > inputBits || config.outputBits() > outputBits) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "input addresses of %d bits, output addresses of %d bits: %s has at most %d and %d",
                            config.inputBits(), config.outputBits(), format, inputBits, outputBits));
        }
    }
}
