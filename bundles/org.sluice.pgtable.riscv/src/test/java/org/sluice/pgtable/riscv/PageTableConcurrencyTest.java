package org.sluice.pgtable.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.GraceHost;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;

/** Many threads on one page table, with tables that are freed and used again while others work. */
class PageTableConcurrencyTest {
    private static final int LANES = 4;
    private static final long K4 = 4096;
    private static final long M2 = 2 << 20;
    private static final long G1 = 1 << 30;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final GraceHost host = new GraceHost(LANES);
    private final PageTable table = Configs.SV39.create(Configs.of(Configs.SV39, 38), host);

    @Test
    void disjointRangesDoNotDisturbEachOther() throws Exception {
        inParallel(lane -> {
            Random random = new Random(lane);
            IotlbGather gather = new IotlbGather();
            for (int round = 0; round < 4000; round++) {
                pagesOfASharedTable(random, lane, gather);
                if (round % 8 == 0) {
                    wholeTables(random, lane, gather);
                }
            }
        });
        assertThat(table.survey().leaves()).isZero();
        host.checkFreeTables();
        table.free();
        assertThat(host.liveTables()).isZero();
    }

    /** Pages that alternate between the threads, in leaf tables that they share. */
    private void pagesOfASharedTable(Random random, int lane, IotlbGather gather) {
        long iova = random.nextInt(3) * M2 + (random.nextInt(128) * LANES + lane) * K4;
        long paddr = (1L + random.nextInt(1 << 20)) * K4;
        assertThat(host.operation(() -> table.mapPages(iova, paddr, K4, 1, RW))).isEqualTo(K4);
        assertThat(host.operation(() -> table.iovaToPhys(iova + 5))).isEqualTo(paddr + 5);
        assertThat(host.operation(() -> table.unmapPages(iova, K4, 1, gather))).isEqualTo(K4);
        assertThat(host.operation(() -> table.iovaToPhys(iova))).isZero();
        host.sync(gather);
    }

    /** A thread's own 2M: a table full of pages, taken out whole, then a block, then a block over an empty table. */
    private void wholeTables(Random random, int lane, IotlbGather gather) {
        long iova = G1 + (random.nextInt(16) * LANES + lane) * M2;
        assertThat(host.operation(() -> table.mapPages(iova, G1, K4, 512, RW))).isEqualTo(M2);
        assertThat(host.operation(() -> table.iovaToPhys(iova + M2 - 1))).isEqualTo(G1 + M2 - 1);
        assertThat(host.operation(() -> table.unmapPages(iova, M2, 1, gather))).isEqualTo(M2);
        host.sync(gather);
        assertThat(host.operation(() -> table.mapPages(iova, 2 * G1, M2, 1, RW)))
                .isEqualTo(M2);
        assertThat(host.operation(() -> table.iovaToPhys(iova + 5))).isEqualTo(2 * G1 + 5);
        assertThat(host.operation(() -> table.unmapPages(iova, M2, 1, gather))).isEqualTo(M2);
        assertThat(host.operation(() -> table.mapPages(iova, 0, K4, 4, RW))).isEqualTo(4 * K4);
        assertThat(host.operation(() -> table.unmapPages(iova, K4, 4, gather))).isEqualTo(4 * K4);
        assertThat(host.operation(() -> table.mapPages(iova, 3 * G1, M2, 1, RW)))
                .isEqualTo(M2);
        assertThat(host.operation(() -> table.iovaToPhys(iova + 5))).isEqualTo(3 * G1 + 5);
        assertThat(host.operation(() -> table.unmapPages(iova, M2, 1, gather))).isEqualTo(M2);
        host.sync(gather);
    }

    @Test
    void overlappingRangesAreTheCallersMistakeButNeverTouchAFreedTable() throws Exception {
        inParallel(lane -> {
            Random random = new Random(100 + lane);
            IotlbGather gather = new IotlbGather();
            long[] sizes = {K4, K4, K4, M2, M2, G1};
            for (int round = 0; round < 20_000; round++) {
                long size = sizes[random.nextInt(sizes.length)];
                long iova = (random.nextInt(2) * G1 + random.nextInt(3) * M2 + random.nextInt(8) * K4) & -size;
                int kind = random.nextInt(4);
                if (kind == 0) {
                    assertThat(host.operation(() -> table.iovaToPhys(iova))).isNotNegative();
                } else if (kind == 1) {
                    host.operation(() -> table.unmapPages(iova, size, 1, gather));
                } else {
                    host.operation(() -> mapOrExists(iova, size));
                }
                host.sync(gather);
            }
        });
        host.checkFreeTables();
    }

    private long mapOrExists(long iova, long size) {
        try {
            return table.mapPages(iova, 0, size, 1, RW);
        } catch (MappingException exists) {
            assertThat(exists.errno()).isEqualTo(Errno.EEXIST);
            return 0;
        }
    }

    private interface Lane {
        void run(int lane) throws Exception;
    }

    private void inParallel(Lane body) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(LANES);
        try {
            CyclicBarrier start = new CyclicBarrier(LANES);
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < LANES; i++) {
                int lane = i;
                running.add(threads.submit(() -> {
                    host.enterAs(lane);
                    start.await();
                    body.run(lane);
                    return null;
                }));
            }
            for (Future<?> future : running) {
                future.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
