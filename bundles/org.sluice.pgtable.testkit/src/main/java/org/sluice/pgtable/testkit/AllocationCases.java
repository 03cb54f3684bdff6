package org.sluice.pgtable.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Map, unmap and look-up make no garbage. */
public abstract class AllocationCases {
    private static final int ROUNDS = 2000;
    private static final long LARGEST = 1 << 30;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final IotlbGather gather = new IotlbGather();
    private final PageTable table;
    private final long page;
    private final long cover;

    /**
     * Cases of a format.
     *
     * @param format under test
     * @param config with IOVAs from 0
     */
    protected AllocationCases(PageTableFormat format, PageTableConfig config) {
        table = format.create(config, new TestHost());
        page = Long.lowestOneBit(table.config().pageSizes());
        cover = page * (page / 8);
    }

    @Test
    void mapUnmapAndLookUpAllocateNothingOnTheHeap() {
        long before = 0;
        // The first round links call sites and makes tables.
        for (int round = 0; round < ROUNDS; round++) {
            if (round == 1) {
                before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
            }
            operate();
        }
        long allocated = threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
        assertThat(allocated).as("bytes in %d rounds", ROUNDS).isLessThan(ROUNDS);
    }

    private void operate() {
        table.mapPages(0, 0, page, 1, Prot.READ);
        table.mapPages(cover - 2 * page, 0, page, 20, Prot.READ);
        table.iovaToPhys(cover);
        table.iovaToPhys(table.lastIova());
        table.walkerConfig();
        table.unmapPages(0, page, 2, gather);
        table.unmapPages(cover - 2 * page, page, 20, gather);
        for (long left = table.config().pageSizes() & ~page; left != 0; left &= left - 1) {
            long size = Long.lowestOneBit(left);
            if (size <= LARGEST) {
                table.mapPages(4 * size, 0, size, 3, Prot.READ);
                table.iovaToPhys(4 * size + 5);
                table.unmapPages(4 * size, size, 3, gather);
            }
        }
        gather.clear();
    }
}
