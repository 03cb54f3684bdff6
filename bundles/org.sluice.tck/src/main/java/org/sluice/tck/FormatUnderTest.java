package org.sluice.tck;

import java.util.List;
import java.util.function.ToLongFunction;
import org.sluice.api.Errno;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * What the suite must know of a format. Immutable.
 *
 * @param name for reports
 * @param format the format
 * @param configs configurations to try; every case runs with each
 * @param protections what it makes of protections
 * @param unmapRule what it does with parts of a leaf
 * @param misaligned error of a map whose addresses are no multiples of the page size: EINVAL, or ENXIO with generic_pt
 * @param tableSpans bytes that one table of each level below the top one covers, as a bitmap, for a configuration as
 *     narrowed by the format
 * @param descriptorBytes size of a descriptor: 8 or 4
 */
public record FormatUnderTest(
        String name,
        PageTableFormat format,
        List<PageTableConfig> configs,
        Protections protections,
        UnmapRule unmapRule,
        Errno misaligned,
        ToLongFunction<PageTableConfig> tableSpans,
        int descriptorBytes) {

    /** Copies the list. */
    public FormatUnderTest {
        configs = List.copyOf(configs);
    }

    /**
     * A format with the properties that most have: tables that fill the smallest page with descriptors of 8 bytes, parts
     * of a leaf are refused, access reads back at least as asked.
     *
     * @param format the format
     * @param configs configurations to try
     * @return the description
     */
    public static FormatUnderTest of(PageTableFormat format, List<PageTableConfig> configs) {
        return new FormatUnderTest(
                format.name(),
                format,
                configs,
                Protections.atLeastAccess(),
                UnmapRule.REFUSE_PART,
                Errno.EINVAL,
                FormatUnderTest::radix,
                8);
    }

    /**
     * The same with other protections.
     *
     * @param other what it makes of protections
     * @return the description
     */
    public FormatUnderTest withProtections(Protections other) {
        return new FormatUnderTest(name, format, configs, other, unmapRule, misaligned, tableSpans, descriptorBytes);
    }

    /**
     * The same with another rule for parts of leaves.
     *
     * @param other the rule
     * @return the description
     */
    public FormatUnderTest withUnmapRule(UnmapRule other) {
        return new FormatUnderTest(name, format, configs, protections, other, misaligned, tableSpans, descriptorBytes);
    }

    /**
     * The same with another error for misaligned addresses.
     *
     * @param other the error
     * @return the description
     */
    public FormatUnderTest withMisaligned(Errno other) {
        return new FormatUnderTest(name, format, configs, protections, unmapRule, other, tableSpans, descriptorBytes);
    }

    /**
     * The same with other tables.
     *
     * @param spans bytes that one table of each level below the top one covers, as a bitmap
     * @param bytes size of a descriptor: 8 or 4
     * @return the description
     */
    public FormatUnderTest withTables(ToLongFunction<PageTableConfig> spans, int bytes) {
        return new FormatUnderTest(name, format, configs, protections, unmapRule, misaligned, spans, bytes);
    }

    private static long radix(PageTableConfig config) {
        int page = Long.numberOfTrailingZeros(config.pageSizes());
        long spans = 0;
        for (int shift = page + page - 3; shift < config.inputBits(); shift += page - 3) {
            spans |= 1L << shift;
        }
        return spans;
    }
}
