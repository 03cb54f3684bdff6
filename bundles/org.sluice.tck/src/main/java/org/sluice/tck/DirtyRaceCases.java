package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLongArray;
import org.sluice.api.IotlbGather;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.PageTable;

/** Marks and clears race, and none is lost or told twice. */
interface DirtyRaceCases {
    /** Pages that the device writes to. */
    int PAGES = 24;

    /** Rounds of each thread. */
    int ROUNDS = 1500;

    @EachConfiguration
    default void everyMarkIsToldOnceHoweverManyComeMeanwhile(Trial trial) {
        if (!trial.tracks()) {
            return;
        }
        Lanes lanes = new Lanes(trial.ledger());
        PageTable table = trial.subject().format().create(trial.config(), lanes);
        trial.takeOver(table);
        long page = trial.page();
        long start = trial.iova(page, 0);
        table.mapPages(start, 16 * page, page, PAGES, trial.prot());
        List<LeafEntries> entries = new ArrayList<>();
        for (int i = 0; i < PAGES; i++) {
            entries.add(LeafEntries.of(trial, start + i * page));
        }
        DirtyTracking tracking = (DirtyTracking) table;
        tracking.readDirty(start, PAGES * page, true, new IotlbGather(), (iova, paddr, size, entry, prot) -> true);

        AtomicLongArray marked = new AtomicLongArray(PAGES);
        AtomicLongArray told = new AtomicLongArray(PAGES);
        lanes.run(lane -> {
            Random random = new Random(lane);
            IotlbGather gather = new IotlbGather();
            for (int round = 0; round < ROUNDS; round++) {
                if (lane == 0) {
                    clear(tracking, start, page, told, gather);
                } else if (lane == 1) {
                    neighbour(lanes, table, start + PAGES * page, trial.prot(), gather);
                } else {
                    int number = random.nextInt(PAGES);
                    marked.addAndGet(number, entries.get(number).mark(0) ? 1 : 0);
                }
            }
        });
        clear(tracking, start, page, told, new IotlbGather());
        for (int i = 0; i < PAGES; i++) {
            assertThat(told.get(i)).as("marks of page %d that were told", i).isEqualTo(marked.get(i));
            assertThat(marked.get(i)).as("marks of page %d", i).isPositive();
        }
    }

    private static void clear(DirtyTracking tracking, long start, long page, AtomicLongArray told, IotlbGather gather) {
        tracking.readDirty(start, PAGES * page, true, gather, (iova, paddr, size, entry, prot) -> {
            told.incrementAndGet((int) ((iova - start) / page));
            return true;
        });
        gather.clear();
    }

    /** Maps and unmaps in the same table, beside the pages that are tracked. */
    private static void neighbour(Lanes lanes, PageTable table, long iova, int prot, IotlbGather gather) {
        long page = Long.lowestOneBit(table.config().pageSizes());
        assertThat(lanes.operation(() -> table.mapPages(iova, 16 * page, page, 2, prot)))
                .isEqualTo(2 * page);
        assertThat(lanes.operation(() -> table.unmapPages(iova, page, 2, gather)))
                .isEqualTo(2 * page);
        gather.clear();
    }
}
