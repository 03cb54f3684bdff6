package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.sluice.api.Errno;
import org.sluice.spi.pgtable.MappingException;

/** An IOVA that is mapped is never mapped over. */
interface OverlapCases {
    @EachConfiguration
    default void leafOverLeafIsEexistAndTheOldOneStays(Trial trial) {
        for (long size : trial.sizes()) {
            long iova = trial.iova(size, 0);
            trial.map(iova, trial.paddr(size, 0), size, 1);
            trial.assertRefused(Errno.EEXIST, 0, () -> trial.map(iova, trial.paddr(size, 1), size, 1));
            trial.assertTranslates(iova, trial.paddr(size, 0), size);
            assertThat(trial.unmap(iova, size, 1)).isEqualTo(size);
            trial.sync();
        }
    }

    @EachConfiguration
    default void smallerLeafInALargerOneIsEexist(Trial trial) {
        for (long large : trial.sizes()) {
            long iova = trial.iova(large, 0);
            trial.map(iova, trial.paddr(large, 0), large, 1);
            for (long small :
                    trial.sizes().stream().filter(size -> size < large).toList()) {
                for (long at : new long[] {iova, iova + small, iova + large - small}) {
                    trial.assertRefused(Errno.EEXIST, 0, () -> trial.map(at, trial.paddr(small, 0), small, 1));
                }
            }
            trial.assertTranslates(iova, trial.paddr(large, 0), large);
            assertThat(trial.unmap(iova, large, 1)).isEqualTo(large);
            trial.sync();
        }
    }

    @EachConfiguration
    default void largerLeafOverASmallerOneIsEexistAndRetiresNothing(Trial trial) {
        long page = trial.page();
        for (long large : trial.sizes().stream().filter(size -> size > page).toList()) {
            for (long at : new long[] {trial.iova(large, 0), trial.iova(large, 0) + large - page}) {
                trial.map(at, trial.paddr(page, 4), page, 1);
                trial.assertRefused(
                        Errno.EEXIST, 0, () -> trial.map(trial.iova(large, 0), trial.paddr(large, 0), large, 1));
                assertThat(trial.ledger().retired())
                        .as("tables in use that a refused map took out")
                        .isEmpty();
                trial.assertTranslates(at, trial.paddr(page, 4), page);
                assertThat(trial.unmap(at, page, 1)).isEqualTo(page);
            }
        }
    }

    @EachConfiguration
    default void largerLeafOverAnEmptyTableRetiresIt(Trial trial) {
        long page = trial.page();
        for (long large : trial.tableSizes()) {
            long iova = trial.iova(large, 0);
            trial.map(iova, trial.paddr(page, 0), page, 2);
            trial.map(iova + large - page, trial.paddr(page, 0), page, 1);
            assertThat(trial.unmap(iova, page, 2)).isEqualTo(2 * page);
            assertThat(trial.unmap(iova + large - page, page, 1)).isEqualTo(page);
            long before = trial.ledger().liveBytes();
            trial.ledger()
                    .onRetire(table -> assertThat(trial.table().unwatched().iovaToPhys(table.iova()))
                            .as("a table is retired before the leaf over it is written")
                            .isZero());

            assertThat(trial.map(iova, trial.paddr(large, 1), large, 1)).isEqualTo(large);

            trial.ledger().onRetire(table -> {});
            assertThat(trial.ledger().retired())
                    .as("tables under the leaf of 0x%x", large)
                    .isNotEmpty();
            for (TableLedger.Retired table : trial.ledger().retired()) {
                assertThat(table.granule()).as("granule").isEqualTo(page);
                assertThat(table.iova() - iova).as("first IOVA of the table").isBetween(0L, large - table.size());
            }
            long bytes = trial.ledger().retired().stream()
                    .mapToLong(TableLedger.Retired::bytes)
                    .sum();
            assertThat(trial.ledger().liveBytes()).isEqualTo(before - bytes);
            trial.assertTranslates(iova, trial.paddr(large, 1), large);
            trial.assertRefused(Errno.EEXIST, 0, () -> trial.map(iova + page, page, page, 1));
            trial.ledger().settle();
            assertThat(trial.unmap(iova, large, 1)).isEqualTo(large);
            // A page there now must get a new table, and not the one that was retired.
            trial.map(iova + page, trial.paddr(page, 3), page, 1);
            trial.assertTranslates(iova + page, trial.paddr(page, 3), page);
            trial.assertUnmapped(iova, page);
            assertThat(trial.unmap(iova + page, page, 1)).isEqualTo(page);
            trial.sync();
        }
    }

    @EachConfiguration
    default void mappedSaysHowFarAMapCameAndThatCanBeUnmapped(Trial trial) {
        long page = trial.page();
        long inTable = Math.min(trial.pagesInTable(), (trial.last() - trial.first() + 1) / page - 8);
        long taken = inTable + 5;
        trial.map(trial.iova(page, taken), trial.paddr(page, 0), page, 1);
        Expected expected = new Expected(trial);
        expected.map(trial.iova(page, taken), trial.paddr(page, 0), page, 1, trial.prot(), page);

        MappingException refused = catchThrowableOfType(
                MappingException.class, () -> trial.map(trial.iova(page, 0), 32 * page, page, inTable + 8));

        assertThat(refused).as("map over a page").isNotNull();
        assertThat(refused.errno()).isEqualTo(Errno.EEXIST);
        expected.map(trial.iova(page, 0), 32 * page, page, inTable + 8, trial.prot(), refused.mapped());
        expected.assertMappedBy(trial);
        if (refused.mapped() != 0) {
            assertThat(trial.unmap(trial.iova(page, 0), page, refused.mapped() / page))
                    .isEqualTo(refused.mapped());
        }
        assertThat(trial.table().survey().leaves()).isEqualTo(1);
    }
}
