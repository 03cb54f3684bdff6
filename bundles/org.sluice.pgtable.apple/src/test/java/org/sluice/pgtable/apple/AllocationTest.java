package org.sluice.pgtable.apple;

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
    private static final long M32 = 32 << 20;
    private static final long K16 = 16 << 10;
    private static final int ROUNDS = 2000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final PageTable table = new Dart2Format().create(Configs.dart2(42), new TestHost());
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
        table.mapPages(0, 0, K16, 1, Prot.READ);
        table.mapPages(M32 - 2 * K16, 0, K16, 20, Prot.READ);
        table.iovaToPhys(M32);
        table.iovaToPhys(1L << 40);
        table.unmapPages(0, K16, 2, gather);
        table.unmapPages(M32 - 2 * K16, K16, 20, gather);
        gather.clear();
    }
}
