package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.sluice.api.IotlbGather;
import org.sluice.spi.pgtable.PageTable;

/** Map, unmap and look-up make no garbage. */
interface GarbageCases {
    /** Rounds that are counted; the rounds before them link call sites and make tables. */
    int ROUNDS = 3000;

    @EachConfiguration
    default void mapUnmapAndLookUpAllocateNothingPerOperation(Trial trial) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().getId();
        PageTable table = trial.table().unwatched();
        long[] sizes =
                trial.sizes().stream().limit(3).mapToLong(Long::longValue).toArray();
        long[] iovas = new long[sizes.length];
        long[] paddrs = new long[sizes.length];
        for (int i = 0; i < sizes.length; i++) {
            long last = (trial.last() - trial.iova(sizes[i], 0) + 1) / sizes[i] - 1;
            iovas[i] = trial.iova(sizes[i], Math.min(last, 2L * i));
            paddrs[i] = trial.paddr(sizes[i], 0);
        }
        IotlbGather gather = trial.gather();
        int prot = trial.prot();
        long before = 0;
        for (int round = -ROUNDS; round < ROUNDS; round++) {
            if (round == 0) {
                before = threads.getThreadAllocatedBytes(self);
            }
            for (int i = 0; i < sizes.length; i++) {
                table.mapPages(iovas[i], paddrs[i], sizes[i], 1, prot);
                table.iovaToPhys(iovas[i] + 5);
                table.iovaToPhys(iovas[i] - 1);
                table.unmapPages(iovas[i], sizes[i], 1, gather);
            }
            gather.clear();
        }
        long allocated = threads.getThreadAllocatedBytes(self) - before;
        assertThat(allocated).as("bytes on the heap in %d rounds", ROUNDS).isLessThan(ROUNDS);
    }
}
