package org.sluice.pgtable.apple;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** Many threads on one page table, whose tables they make together. */
class PageTableConcurrencyTest {
    private static final int LANES = 4;
    private static final int ROUNDS = 20;
    private static final int RW = Prot.READ | Prot.WRITE;

    static List<PageTableConfig> configs() {
        return Configs.EACH;
    }

    @ParameterizedTest
    @MethodSource("configs")
    void disjointRangesDoNotDisturbEachOther(PageTableConfig config) throws Exception {
        TestHost host = new TestHost();
        ExecutorService threads = Executors.newFixedThreadPool(LANES);
        try {
            for (int round = 0; round < ROUNDS; round++) {
                PageTable table = Configs.create(config, host); // its tables are missing, so all want to make them
                CyclicBarrier start = new CyclicBarrier(LANES);
                List<Future<?>> running = new ArrayList<>();
                for (int i = 0; i < LANES; i++) {
                    int lane = i;
                    running.add(threads.submit(() -> {
                        start.await();
                        work(table, lane);
                        return null;
                    }));
                }
                for (Future<?> future : running) {
                    future.get();
                }
                assertThat(table.survey().leaves()).isZero();
                assertThat(table.survey().tableBytes()).isEqualTo(host.allocatedBytes());
                table.free();
                assertThat(host.allocatedBytes()).isZero();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Pages that alternate between the threads, in tables that they share. */
    private static void work(PageTable table, int lane) {
        Random random = new Random(lane);
        IotlbGather gather = new IotlbGather();
        long page = table.config().pageSizes();
        long cover = page * (page / 8);
        for (int i = 0; i < 200; i++) {
            long iova = random.nextInt(8) * cover + (random.nextInt(16) * LANES + lane) * page;
            long paddr = (1L + random.nextInt(1 << 16)) * page;
            assertThat(table.mapPages(iova, paddr, page, 1, RW)).isEqualTo(page);
            assertThat(table.iovaToPhys(iova + 5)).isEqualTo(paddr + 5);
            assertThat(table.unmapPages(iova, page, 1, gather)).isEqualTo(page);
            assertThat(table.iovaToPhys(iova)).isZero();
        }
    }
}
