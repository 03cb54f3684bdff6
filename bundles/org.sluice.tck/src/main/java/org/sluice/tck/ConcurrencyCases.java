package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.sluice.api.Errno;
import org.sluice.api.IotlbGather;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;

/** Many threads on one page table, with tables that are freed and used again while others work. */
interface ConcurrencyCases {
    /** Rounds of each thread. */
    int ROUNDS = 800;

    @EachConfiguration
    default void disjointRangesDoNotDisturbEachOther(Trial trial) {
        Lanes lanes = new Lanes(trial.ledger());
        PageTable table = trial.subject().format().create(trial.config(), lanes);
        long page = Long.lowestOneBit(table.config().pageSizes());
        trial.takeOver(table);
        long inTable = Math.min(trial.pagesInTable(), 512);
        List<Long> wholes = trial.tableSizes();
        long room = trial.last() - trial.first() + 1;
        lanes.run(lane -> {
            Random random = new Random(lane);
            IotlbGather gather = new IotlbGather();
            Worker worker = new Worker(lanes, table, gather, trial.prot());
            for (int round = 0; round < ROUNDS; round++) {
                // Pages that alternate between the lanes, in tables that they share.
                long index = random.nextInt((int) inTable / Lanes.COUNT) * (long) Lanes.COUNT + lane;
                worker.onePage(trial.iova(page, index), (1 + random.nextInt(1000)) * page, page);
                if (round % 8 == 0 && !wholes.isEmpty() && room / wholes.get(0) >= 4 * Lanes.COUNT) {
                    long whole = wholes.get(0);
                    worker.wholeTable(
                            trial.iova(whole, Lanes.COUNT + random.nextInt(2) * Lanes.COUNT + lane), whole, page);
                }
            }
        });
        assertThat(table.survey().leaves()).isZero();
        trial.ledger().verify();
    }

    /** The operations of one lane on what is its own. */
    record Worker(Lanes lanes, PageTable table, IotlbGather gather, int prot) {
        private void onePage(long iova, long paddr, long page) {
            mapped(iova, paddr, page, 1);
            translates(iova + 5, paddr + 5);
            unmapped(iova, page, 1);
            translates(iova + 5, 0);
            lanes.sync(gather);
        }

        /** A table of pages that is taken out whole, a large leaf, and a large leaf over an empty table. */
        private void wholeTable(long iova, long whole, long page) {
            mapped(iova, 16 * page, page, 8);
            translates(iova + 8 * page - 1, 24 * page - 1);
            unmapped(iova, whole, 1);
            lanes.sync(gather);
            mapped(iova, whole, whole, 1);
            translates(iova + page, whole + page);
            unmapped(iova, whole, 1);
            mapped(iova, 16 * page, page, 2);
            unmapped(iova, page, 2);
            mapped(iova, 2 * whole, whole, 1);
            translates(iova + page, 2 * whole + page);
            unmapped(iova, whole, 1);
            lanes.sync(gather);
        }

        private void mapped(long iova, long paddr, long size, long count) {
            assertThat(lanes.operation(() -> table.mapPages(iova, paddr, size, count, prot)))
                    .as("map of 0x%x", iova)
                    .isEqualTo(size * count);
        }

        private void unmapped(long iova, long size, long count) {
            assertThat(lanes.operation(() -> table.unmapPages(iova, size, count, gather)))
                    .as("unmap of 0x%x", iova)
                    .isEqualTo(size * count);
        }

        private void translates(long iova, long paddr) {
            assertThat(lanes.operation(() -> table.iovaToPhys(iova)))
                    .as("iovaToPhys(0x%x)", iova)
                    .isEqualTo(paddr);
        }
    }

    /** The same without chance: the neighbour page is mapped while the table for a page is being allocated. */
    @EachConfiguration
    default void tableThatWasMadeMeanwhileIsUsed(Trial trial) {
        long page = trial.page();
        long last = trial.last() + 1 - page;
        PageTable table = trial.table().unwatched();
        long[] meanwhile = {0}; // stays so where the root holds the pages itself
        trial.ledger()
                .duringNextAllocation(
                        () -> meanwhile[0] = table.mapPages(last - page, 8 * page, page, 1, trial.prot()));
        assertThat(trial.map(last, 24 * page, page, 1)).isEqualTo(page);
        trial.ledger().duringNextAllocation(() -> {});
        trial.assertTranslates(last, 24 * page, page);
        if (meanwhile[0] != 0) {
            trial.assertTranslates(last - page, 8 * page, page);
        }
    }

    @EachConfiguration
    default void tableThatRacingThreadsMakeIsMadeOnce(Trial trial) {
        Lanes lanes = new Lanes(trial.ledger());
        PageTable table = trial.subject().format().create(trial.config(), lanes);
        trial.takeOver(table);
        long page = trial.page();
        long inTable = trial.pagesInTable();
        long tables = Math.min(150, (trial.last() - trial.first() + 1) / page / inTable);
        lanes.run(lane -> {
            Worker worker = new Worker(lanes, table, new IotlbGather(), trial.prot());
            for (long n = 0; n < tables; n++) {
                long iova = trial.iova(page, n * inTable + lane);
                lanes.meet();
                worker.mapped(iova, (16 + lane) * page, page, 1);
                lanes.meet();
                worker.translates(iova + 5, (16 + lane) * page + 5);
            }
        });
        assertThat(table.survey().leaves()).isEqualTo(tables * Lanes.COUNT);
        trial.ledger().verify();
    }

    @EachConfiguration
    default void overlappingRangesNeverTouchAFreedTable(Trial trial) {
        TableLedger ledger = trial.ledger();
        Lanes lanes = new Lanes(ledger);
        PageTable table = trial.subject().format().create(trial.config(), lanes);
        trial.takeOver(table);
        List<Long> sizes = trial.sizes().stream()
                .filter(size -> size == trial.page() || trial.tableSizes().contains(size))
                .limit(3)
                .toList();
        long page = trial.page();
        lanes.run(lane -> {
            Random random = new Random(100 + lane);
            IotlbGather gather = new IotlbGather();
            for (int round = 0; round < 3 * ROUNDS; round++) {
                long size = sizes.get(Math.max(0, random.nextInt(sizes.size() + 2) - 2));
                long offset = random.nextInt(8) * page;
                for (long larger : sizes) {
                    offset += larger == page ? 0 : random.nextInt(2) * larger;
                }
                long iova = trial.iova(size, offset / size % ((trial.last() - trial.first() + 1) / size));
                int kind = random.nextInt(4);
                if (kind == 0) {
                    lanes.operation(() -> table.iovaToPhys(iova));
                } else if (kind == 1) {
                    lanes.operation(() -> table.unmapPages(iova, size, 1, gather));
                } else {
                    lanes.operation(() -> mapOrExists(table, iova, size, trial.prot()));
                }
                lanes.sync(gather);
            }
        });
        ledger.verify();
        trial.abandon();
    }

    private static long mapOrExists(PageTable table, long iova, long size, int prot) {
        try {
            return table.mapPages(iova, 0, size, 1, prot);
        } catch (MappingException exists) {
            assertThat(exists.errno()).as("%s", exists).isEqualTo(Errno.EEXIST);
            return 0;
        }
    }
}
