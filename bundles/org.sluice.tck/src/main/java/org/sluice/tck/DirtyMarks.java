package org.sluice.tck;

import org.sluice.spi.pgtable.PageTableConfig;

/**
 * How hardware marks the entry of a leaf through which it wrote, for a format whose tables are
 * {@link org.sluice.spi.pgtable.DirtyTracking}.
 *
 * @param sets bits that it sets
 * @param clears bits that it clears
 * @param fromTheStart whether a writable leaf is dirty as soon as it is mapped
 * @param quirk the {@link org.sluice.spi.pgtable.Quirk} bit without which tables do not track; 0 when all do
 */
public record DirtyMarks(long sets, long clears, boolean fromTheStart, int quirk) {
    /**
     * For a format that tracks in every configuration.
     *
     * @param sets bits that hardware sets
     * @param clears bits that it clears
     * @param fromTheStart whether a writable leaf is dirty as soon as it is mapped
     */
    public DirtyMarks(long sets, long clears, boolean fromTheStart) {
        this(sets, clears, fromTheStart, 0);
    }

    /** Whether tables of a configuration track what is written. */
    boolean trackedBy(PageTableConfig config) {
        return quirk == 0 || config.has(quirk);
    }

    /** An entry after a write through it. */
    long mark(long entry) {
        return (entry | sets) & ~clears;
    }

    boolean isMarked(long entry) {
        return mark(entry) == entry;
    }
}
