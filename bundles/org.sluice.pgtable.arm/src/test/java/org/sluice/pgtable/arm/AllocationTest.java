package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.PageTable;

/** Map, unmap and look-up make no garbage. */
class AllocationTest {
    private static final long M2 = 2 << 20;
    private static final int ROUNDS = 2000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final PageTable table = new Stage1Format().create(Configs.of(Configs.SIZES_4K), new TestHost());
    private final IotlbGather gather = new IotlbGather();

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
        table.mapPages(0, 0, 4096, 1, Prot.READ);
        table.mapPages(M2 - 8192, 0, 4096, 20, Prot.READ);
        table.mapPages(1 << 30, 0, M2, 3, Prot.READ);
        table.iovaToPhys(M2);
        table.iovaToPhys((1 << 30) + 5);
        table.iovaToPhys(1L << 40);
        table.unmapPages(0, 4096, 2, gather);
        table.unmapPages(M2 - 8192, 4096, 20, gather);
        table.unmapPages(1 << 30, M2, 3, gather);
        gather.clear();
    }
}
