package org.sluice.tck;

import java.util.function.Predicate;
import org.sluice.spi.pgtable.PageTableConfig;

/**
 * What a format's tables can do beside being tables. What is declared is tested, and what is there must be declared.
 *
 * @param dirty how hardware marks what is written; null when no table is {@link org.sluice.spi.pgtable.DirtyTracking}
 * @param splits of which configurations tables are {@link org.sluice.spi.pgtable.BlockSplitting}
 */
public record Abilities(DirtyMarks dirty, Predicate<PageTableConfig> splits) {
    /** None. */
    static final Abilities NONE = new Abilities(null, config -> false);

    boolean track(PageTableConfig config) {
        return dirty != null && dirty.trackedBy(config);
    }
}
