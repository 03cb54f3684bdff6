package org.sluice.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** How a look-up, and an unmap with its map, grow with what is mapped by 4K pages. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class GrowthBenchmark {
    private static final int LOOP = 1024;

    @State(Scope.Thread)
    public static class Grown extends TableState {
        @Param({"1", "16", "256", "4096", "65536"})
        int mebibytes;

        long bytes;
        long random = Xorshift.SEED;

        @Override
        void prepare() {
            bytes = (long) mebibytes << 20;
            for (long iova = 0; iova < bytes; iova += SIZE_1G) {
                table.mapPages(iova, PADDR + iova, SIZE_4K, Math.min(SIZE_1G, bytes - iova) / SIZE_4K, RW);
            }
        }
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long phys(Grown grown) {
        long random = grown.random;
        long sum = 0;
        for (int i = 0; i < LOOP; i++) {
            random = Xorshift.next(random);
            sum += grown.table.iovaToPhys(random & grown.bytes - 1);
        }
        grown.random = random;
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long remap(Grown grown) {
        long random = grown.random;
        long done = 0;
        for (int i = 0; i < LOOP; i++) {
            random = Xorshift.next(random);
            long iova = random & grown.bytes - TableState.SIZE_4K;
            done += grown.table.unmapPages(iova, TableState.SIZE_4K, 1, grown.gather);
            grown.table.mapPages(iova, TableState.PADDR + iova, TableState.SIZE_4K, 1, TableState.RW);
            grown.gather.clear();
        }
        grown.random = random;
        return done;
    }
}
