package org.sluice.pgtable.testkit;

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
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Many threads on one page table with 4K pages, whose tables are freed and used again while others work. */
public abstract class RaceCases {
    /** Threads. */
    protected static final int LANES = 4;

    private static final long K4 = 4096;
    private static final long G1 = 1 << 30;
    private static final int RW = Prot.READ | Prot.WRITE;

    /** The core that all lanes work for. */
    protected final GraceHost host;

    private final PageTable table;
    private final long block;
    private final long[] sizes;

    /**
     * Cases of a format.
     *
     * @param host with {@link #LANES} lanes
     * @param format under test
     * @param config with IOVAs of more than 31 bits
     * @param block what a table of pages covers, which is a leaf's size too
     * @param sizes of leaves, a size as often as it is to be drawn; the last one is the largest
     */
    protected RaceCases(GraceHost host, PageTableFormat format, PageTableConfig config, long block, long... sizes) {
        this.host = host;
        this.block = block;
        this.sizes = sizes;
        table = format.create(config, host);
    }

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
        map(iova, G1, K4, block / K4);
        assertThat(host.operation(() -> table.iovaToPhys(iova + block - 1))).isEqualTo(G1 + block - 1);
        unmap(iova, block, 1, gather);
        host.sync(gather);
        map(iova, 2 * G1, block, 1);
        assertThat(host.operation(() -> table.iovaToPhys(iova + 5))).isEqualTo(2 * G1 + 5);
        unmap(iova, block, 1, gather);
        map(iova, 0, K4, 4);
        unmap(iova, K4, 4, gather);
        map(iova, 3 * G1, block, 1);
        assertThat(host.operation(() -> table.iovaToPhys(iova + 5))).isEqualTo(3 * G1 + 5);
        unmap(iova, block, 1, gather);
        host.sync(gather);
    }

    private void map(long iova, long paddr, long size, long count) {
        assertThat(host.operation(() -> table.mapPages(iova, paddr, size, count, RW)))
                .isEqualTo(size * count);
    }

    private void unmap(long iova, long size, long count, IotlbGather gather) {
        assertThat(host.operation(() -> table.unmapPages(iova, size, count, gather)))
                .isEqualTo(size * count);
    }

    @Test
    void overlappingRangesAreTheCallersMistakeButNeverTouchAFreedTable() throws Exception {
        long largest = sizes[sizes.length - 1];
        inParallel(lane -> {
            Random random = new Random(100 + lane);
            IotlbGather gather = new IotlbGather();
            for (int round = 0; round < 20_000; round++) {
                long size = sizes[random.nextInt(sizes.length)];
                long iova = (random.nextInt(2) * largest + random.nextInt(3) * block + random.nextInt(8) * K4) & -size;
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

    /** What a thread does. */
    protected interface Lane {
        /** Does it, as one of the host's lanes. */
        void run(int lane) throws Exception;
    }

    /** Lets all lanes begin together, and ends with the last one; fails if one does. */
    protected final void inParallel(Lane body) throws Exception {
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
