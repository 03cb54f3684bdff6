package org.sluice.pgtable.arm;

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
import org.sluice.api.Errno;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.GraceHost;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** Many threads on one page table, with tables that are freed and used again while others work. */
class PageTableConcurrencyTest {
    private static final int LANES = 4;
    private static final long K4 = 4096;
    private static final long G1 = 1 << 30;
    private static final int RW = Prot.READ | Prot.WRITE;

    /**
     * A format.
     *
     * @param block what a table of pages covers
     * @param giant largest leaf
     * @param tableBytes of a table of pages
     * @param free looks like empty entries
     */
    record Kind(PageTableConfig config, long block, long giant, long tableBytes, long free) {}

    private GraceHost host;
    private PageTable table;
    private long block;

    static List<Kind> kinds() {
        return List.of(
                new Kind(Configs.of(Configs.SIZES_4K), 2 << 20, G1, 4096, 0x5a5a_5a5a_5a5a_5a50L),
                new Kind(Configs.shortDescriptors(0), 1 << 20, 1 << 24, 1024, 0));
    }

    private void use(Kind kind) {
        host = new GraceHost(LANES, kind.tableBytes, kind.free);
        table = Formats.create(kind.config, host);
        block = kind.block;
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void disjointRangesDoNotDisturbEachOther(Kind kind) throws Exception {
        use(kind);
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
        int pages = (int) (block / K4 / LANES);
        long iova = random.nextInt(3) * block + (random.nextInt(pages) * LANES + lane) * K4;
        long paddr = (1L + random.nextInt(1 << 19)) * K4;
        assertThat(host.operation(() -> table.mapPages(iova, paddr, K4, 1, RW))).isEqualTo(K4);
        assertThat(host.operation(() -> table.iovaToPhys(iova + 5))).isEqualTo(paddr + 5);
        assertThat(host.operation(() -> table.unmapPages(iova, K4, 1, gather))).isEqualTo(K4);
        assertThat(host.operation(() -> table.iovaToPhys(iova))).isZero();
        host.sync(gather);
    }

    /** A thread's own block: a table full of pages, taken out whole, then a block, then a block over an empty table. */
    private void wholeTables(Random random, int lane, IotlbGather gather) {
        long iova = G1 + (random.nextInt(16) * LANES + lane) * block;
        assertThat(host.operation(() -> table.mapPages(iova, G1, K4, block / K4, RW)))
                .isEqualTo(block);
        assertThat(host.operation(() -> table.iovaToPhys(iova + block - 1))).isEqualTo(G1 + block - 1);
        assertThat(host.operation(() -> table.unmapPages(iova, block, 1, gather)))
                .isEqualTo(block);
        host.sync(gather);
        assertThat(host.operation(() -> table.mapPages(iova, 2 * G1, block, 1, RW)))
                .isEqualTo(block);
        assertThat(host.operation(() -> table.iovaToPhys(iova + 5))).isEqualTo(2 * G1 + 5);
        assertThat(host.operation(() -> table.unmapPages(iova, block, 1, gather)))
                .isEqualTo(block);
        assertThat(host.operation(() -> table.mapPages(iova, 0, K4, 4, RW))).isEqualTo(4 * K4);
        assertThat(host.operation(() -> table.unmapPages(iova, K4, 4, gather))).isEqualTo(4 * K4);
        assertThat(host.operation(() -> table.mapPages(iova, 3 * G1, block, 1, RW)))
                .isEqualTo(block);
        assertThat(host.operation(() -> table.iovaToPhys(iova + 5))).isEqualTo(3 * G1 + 5);
        assertThat(host.operation(() -> table.unmapPages(iova, block, 1, gather)))
                .isEqualTo(block);
        host.sync(gather);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void overlappingRangesAreTheCallersMistakeButNeverTouchAFreedTable(Kind kind) throws Exception {
        use(kind);
        inParallel(lane -> {
            Random random = new Random(100 + lane);
            IotlbGather gather = new IotlbGather();
            long[] sizes = {K4, K4, K4, block, block, kind.giant};
            for (int round = 0; round < 20_000; round++) {
                long size = sizes[random.nextInt(sizes.length)];
                long iova =
                        (random.nextInt(2) * kind.giant + random.nextInt(3) * block + random.nextInt(8) * K4) & -size;
                int choice = random.nextInt(4);
                if (choice == 0) {
                    assertThat(host.operation(() -> table.iovaToPhys(iova))).isNotNegative();
                } else if (choice == 1) {
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
