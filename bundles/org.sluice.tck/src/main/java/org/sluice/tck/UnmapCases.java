package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import org.sluice.api.IotlbGather;

/** Unmap says what it unmapped, and stops at what it may not touch. */
interface UnmapCases {
    @EachConfiguration
    default void unmapStopsAtTheFirstHole(Trial trial) {
        long page = trial.page();
        long iova = trial.iova(page, 0);
        trial.map(iova, 8 * page, page, 5);
        trial.map(iova + 6 * page, 8 * page, page, 4);
        assertThat(trial.unmap(iova, page, 10)).isEqualTo(5 * page);
        trial.assertTranslates(iova + 6 * page, 8 * page, page);
        assertThat(trial.table().survey().leaves()).isEqualTo(4);
        assertThat(trial.unmap(iova + 5 * page, page, 5))
                .as("a hole at the start")
                .isZero();
        assertThat(trial.unmap(iova + 8 * page, page, 2)).isEqualTo(2 * page);
        assertThat(trial.table().survey().leaves()).isEqualTo(2);
    }

    /** An empty table of the size may go; it is in the gather then. */
    @EachConfiguration
    default void unmapOfNothingUnmapsNothingButAnEmptyTable(Trial trial) {
        for (long size : trial.sizes()) {
            for (long iova : new long[] {trial.iova(size, 0), trial.last() + 1 - size & -size}) {
                int before = trial.gather().tableCount();
                long unmapped = trial.unmap(iova, size, 1);
                assertThat(unmapped).isEqualTo(trial.gather().tableCount() == before ? 0 : size);
            }
        }
        assertThat(trial.unmap(trial.iova(trial.page(), 1), trial.page(), 9)).isZero();
    }

    @EachConfiguration
    default void unmapThatIsMisalignedOrNotPositiveUnmapsNothing(Trial trial) {
        long page = trial.page();
        long iova = trial.iova(page, 0);
        trial.map(iova, 8 * page, page, 2);
        assertThat(trial.unmap(iova + 8, page, 1)).isZero();
        assertThat(trial.unmap(iova + page / 2, page, 1)).isZero();
        for (long count : new long[] {0, -1, Long.MIN_VALUE}) {
            assertThat(trial.unmap(iova, page, count)).isZero();
        }
        for (long size : trial.sizes()) {
            if (size > page) {
                assertThat(trial.unmap(trial.iova(size, 0) + page, size, 1)).isZero();
            }
        }
        assertThat(trial.table().survey().leaves()).isEqualTo(2);
    }

    @EachConfiguration
    default void unmapOverTheEndOfTheAddressSpaceTakesWhatIsThere(Trial trial) {
        long page = trial.page();
        long start = trial.last() + 1 - 2 * page;
        trial.map(start, 8 * page, page, 2);
        assertThat(trial.unmap(start, page, 7)).isEqualTo(2 * page);
        trial.assertUnmapped(start, 2 * page);
    }

    @EachConfiguration
    default void partOfALeafFollowsTheDeclaredRule(Trial trial) {
        for (long large : trial.sizes()) {
            for (long small :
                    trial.sizes().stream().filter(size -> size < large).toList()) {
                long iova = trial.iova(large, 0);
                trial.map(iova, trial.paddr(large, 0), large, 1);
                assertThat(trial.unmap(iova + small, small, 1))
                        .as("from the middle")
                        .isZero();
                assertThat(trial.unmap(iova + large - small, small, 1))
                        .as("the last part")
                        .isZero();
                trial.assertTranslates(iova, trial.paddr(large, 0), large);
                if (trial.subject().unmapRule() == UnmapRule.REMOVE_WHOLE) {
                    assertThat(trial.unmap(iova, small, 1)).as("from the start").isEqualTo(large);
                } else {
                    assertThat(trial.unmap(iova, small, 1)).as("from the start").isZero();
                    assertThat(trial.unmap(iova, small, large / small))
                            .as("all its parts")
                            .isZero();
                    trial.assertTranslates(iova, trial.paddr(large, 0), large);
                    assertThat(trial.unmap(iova, large, 1)).isEqualTo(large);
                }
                trial.assertUnmapped(iova, large);
                trial.sync();
            }
        }
    }

    @EachConfiguration
    default void unmapOfPagesDoesNotGoOnIntoALargerLeafUnlessItRemovesWhole(Trial trial) {
        long page = trial.page();
        long room = trial.last() - trial.first() + 1;
        for (long large :
                trial.tableSizes().stream().filter(size -> size <= room / 2).toList()) {
            long leaf = trial.iova(large, 1);
            trial.map(leaf - 3 * page, 8 * page, page, 3);
            trial.map(leaf, trial.paddr(large, 0), large, 1);
            long whole = trial.subject().unmapRule() == UnmapRule.REMOVE_WHOLE ? large : 0;
            assertThat(trial.unmap(leaf - 3 * page, page, 4)).isEqualTo(3 * page + whole);
            if (whole == 0) {
                trial.assertTranslates(leaf, trial.paddr(large, 0), large);
                assertThat(trial.unmap(leaf, large, 1)).isEqualTo(large);
            }
            trial.assertUnmapped(leaf, large);
            trial.sync();
        }
    }

    @EachConfiguration
    default void gatherCollectsOverSeveralUnmaps(Trial trial) {
        long page = trial.page();
        long iova = trial.iova(page, 0);
        trial.map(iova, 32 * page, page, 9);
        IotlbGather gather = trial.gather();
        trial.unmap(iova + 4 * page, page, 2);
        trial.unmap(iova + page, page, 1);
        trial.unmap(iova + 7 * page, page, 2);
        assertThat(Long.compareUnsigned(gather.start(), iova + page)).isLessThanOrEqualTo(0);
        assertThat(Long.compareUnsigned(gather.end(), iova + 9 * page - 1)).isGreaterThanOrEqualTo(0);
        assertThat(trial.table().survey().leaves()).isEqualTo(4);
    }
}
