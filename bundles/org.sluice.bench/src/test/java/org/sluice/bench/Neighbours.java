package org.sluice.bench;

import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.PageTable;

/**
 * What else lives in a JVM that runs the platform: other formats and granules, over both kinds of memory. Every benchmark
 * lets them run before it starts, so that no call in the measured code looks as if it had one target only.
 */
final class Neighbours {
    private static final int ROUNDS = 6000;
    private static final int BATCH = 16;

    private Neighbours() {}

    static void exercise() {
        exercise(BenchHost.resident());
        exercise(BenchHost.remote());
    }

    private static void exercise(BenchHost host) {
        IotlbGather gather = new IotlbGather();
        for (PageTable table : Formats.neighbours(host)) {
            long page = Long.lowestOneBit(table.config().pageSizes());
            long block = Long.lowestOneBit(table.config().pageSizes() & ~page);
            for (int round = 0; round < ROUNDS; round++) {
                long iova = table.firstIova() + (long) (round % 1024) * BATCH * page;
                table.mapPages(iova, block, page, 1, Prot.READ | Prot.WRITE);
                table.mapPages(iova + page, block + page, page, BATCH - 1, Prot.READ);
                check(table.iovaToPhys(iova + page) == block + page, table, iova);
                check(table.unmapPages(iova, page, BATCH, gather) == BATCH * page, table, iova);
                host.sync(gather);
            }
            long far = table.firstIova() + 64 * block;
            for (int round = 0; round < ROUNDS; round++) {
                table.mapPages(far, block, block, 1, Prot.READ);
                check(table.unmapPages(far, block, 1, gather) == block, table, far);
                host.sync(gather);
            }
            table.free();
        }
    }

    private static void check(boolean holds, PageTable table, long iova) {
        if (!holds) {
            throw new IllegalStateException(String.format("%s does not map 0x%x as it was told", table.config(), iova));
        }
    }
}
