package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.PageTable;

/** What a table can do beside being one is declared, and so tested. */
interface AbilityCases {
    @EachConfiguration
    default void tableHasTheAbilitiesThatAreDeclared(Trial trial) {
        check(trial, trial.table().unwatched());
        check(trial, trial.adopt(trial.table().walkerConfig().root()));
    }

    private static void check(Trial trial, PageTable table) {
        assertThat(table instanceof DirtyTracking)
                .as("tells dirty leaves; declared with dirty marks")
                .isEqualTo(trial.tracks());
        assertThat(table instanceof BlockSplitting)
                .as("splits blocks; declared with splitting")
                .isEqualTo(trial.splits());
    }
}
