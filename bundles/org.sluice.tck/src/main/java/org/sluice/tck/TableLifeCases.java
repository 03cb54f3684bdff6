package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;

/** Tables leave only with an unmap of their own size, a larger leaf over an empty one, or the space. */
interface TableLifeCases {
    @EachConfiguration
    default void unmappingPageByPageKeepsTheTables(Trial trial) {
        long page = trial.page();
        long count = Math.min(trial.pagesInTable(), (trial.last() - trial.first() + 1) / page);
        trial.map(trial.iova(page, 0), 32 * page, page, count);
        Map<Long, Long> before = trial.ledger().live();
        assertThat(trial.unmap(trial.iova(page, 0), page, count)).isEqualTo(count * page);
        assertThat(trial.gather().tableCount()).isZero();
        assertThat(trial.ledger().live()).isEqualTo(before);
    }

    @EachConfiguration
    default void unmapOfATablesOwnSizeGivesItToTheGatherUntilTheSync(Trial trial) {
        long page = trial.page();
        for (long size : trial.tableSizes()) {
            long iova = trial.iova(size, 0);
            trial.map(iova, 32 * page, page, 3);
            trial.map(iova + size - page, 32 * page, page, 1);
            long before = trial.ledger().liveBytes();

            assertThat(trial.unmap(iova, size, 1))
                    .as("unmap of a table of 0x%x", size)
                    .isEqualTo(size);

            assertThat(trial.gather().tableCount()).as("tables in the gather").isPositive();
            long waiting = 0;
            for (int i = 0; i < trial.gather().tableCount(); i++) {
                waiting += trial.gather().tableBytes(i);
            }
            assertThat(trial.ledger().liveBytes())
                    .as("what left is in the gather")
                    .isEqualTo(before - waiting);
            assertThat(trial.table().survey().tableBytes()).isEqualTo(before - waiting);
            assertThat(trial.table().survey().leaves()).isZero();
            trial.assertUnmapped(iova, size);
            trial.assertUnmapped(iova, page);
            trial.sync();
        }
    }

    @EachConfiguration
    default void nothingIsWrittenIntoATableThatWasUnlinkedBefore(Trial trial) {
        long page = trial.page();
        for (long size : trial.tableSizes()) {
            long iova = trial.iova(size, 0);
            trial.map(iova, 32 * page, page, 3);
            trial.map(iova + size - page, 64 * page, page, 1);
            trial.assertTranslates(iova + page, 33 * page, page);
            assertThat(trial.unmap(iova, size, 1)).isEqualTo(size);
            // The gather still holds the tables: whoever remembers them finds neither leaf nor room there.
            trial.assertUnmapped(iova + size - page, page);
            assertThat(trial.unmap(iova + page, page, 1)).isZero();
            assertThat(trial.map(iova + page, 7 * page, page, 2)).isEqualTo(2 * page);
            trial.assertTranslates(iova + page, 7 * page, page);
            trial.assertUnmapped(iova, page);
            trial.ledger().verify();
            trial.sync();
            assertThat(trial.unmap(iova + 2 * page, page, 1)).isEqualTo(page);
            assertThat(trial.map(iova, 9 * page, page, 1)).isEqualTo(page);
            trial.assertTranslates(iova, 9 * page, page);
            trial.assertTranslates(iova + page, 7 * page, page);
            trial.ledger().verify();
            assertThat(trial.unmap(iova, size, 1)).isEqualTo(size);
            trial.sync();
        }
    }

    @EachConfiguration
    default void everyTableGoesBackWithTheSpace(Trial trial) {
        new Population(trial).fill(40);
        assertThat(trial.ledger().live()).hasSizeGreaterThanOrEqualTo(1);
        trial.finish();
        assertThat(trial.ledger().live()).isEmpty();
        trial.abandon();
    }
}
