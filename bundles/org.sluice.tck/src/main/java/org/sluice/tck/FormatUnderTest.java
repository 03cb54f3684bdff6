package org.sluice.tck;

import java.util.List;
import java.util.function.Predicate;
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
 * @param abilities what its tables can do beside being tables
 */
public record FormatUnderTest(
        String name,
        PageTableFormat format,
        List<PageTableConfig> configs,
        Protections protections,
        UnmapRule unmapRule,
        Errno misaligned,
        ToLongFunction<PageTableConfig> tableSpans,
        int descriptorBytes,
        Abilities abilities) {

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
                8,
                Abilities.NONE);
    }

    /**
     * The same with other protections.
     *
     * @param other what it makes of protections
     * @return the description
     */
    public FormatUnderTest withProtections(Protections other) {
        return new FormatUnderTest(
                name, format, configs, other, unmapRule, misaligned, tableSpans, descriptorBytes, abilities);
    }

    /**
     * The same with another rule for parts of leaves.
     *
     * @param other the rule
     * @return the description
     */
    public FormatUnderTest withUnmapRule(UnmapRule other) {
        return new FormatUnderTest(
                name, format, configs, protections, other, misaligned, tableSpans, descriptorBytes, abilities);
    }

    /**
     * The same with another error for misaligned addresses.
     *
     * @param other the error
     * @return the description
     */
    public FormatUnderTest withMisaligned(Errno other) {
        return new FormatUnderTest(
                name, format, configs, protections, unmapRule, other, tableSpans, descriptorBytes, abilities);
    }

    /**
     * The same with other tables.
     *
     * @param spans bytes that one table of each level below the top one covers, as a bitmap
     * @param bytes size of a descriptor: 8 or 4
     * @return the description
     */
    public FormatUnderTest withTables(ToLongFunction<PageTableConfig> spans, int bytes) {
        return new FormatUnderTest(name, format, configs, protections, unmapRule, misaligned, spans, bytes, abilities);
    }

    /**
     * The same with tables that tell dirty leaves.
     *
     * @param dirty how hardware marks them
     * @return the description
     */
    public FormatUnderTest withDirtyMarks(DirtyMarks dirty) {
        return withAbilities(new Abilities(dirty, abilities.splits()));
    }

    /**
     * The same with tables that split blocks.
     *
     * @param splits those of which configurations
     * @return the description
     */
    public FormatUnderTest withSplitting(Predicate<PageTableConfig> splits) {
        return withAbilities(new Abilities(abilities.dirty(), splits));
    }

    private FormatUnderTest withAbilities(Abilities other) {
        return new FormatUnderTest(
                name, format, configs, protections, unmapRule, misaligned, tableSpans, descriptorBytes, other);
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
