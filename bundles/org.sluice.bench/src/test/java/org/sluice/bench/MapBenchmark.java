package org.sluice.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Map and unmap of {@code PageTable}; a page, or a block, is one operation. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MapBenchmark {
    private static final int PAIRS = 1024;

    @Benchmark
    @OperationsPerInvocation(Sweep.PAGES)
    public void map1(Sweep.Map1 sweep) {
        sweep.mapAll(Sweep.RANGE, TableState.SIZE_4K, 1);
    }

    @Benchmark
    @OperationsPerInvocation(Sweep.PAGES)
    public long unmap1(Sweep.Unmap1 sweep) {
        return sweep.unmapAll(Sweep.RANGE, TableState.SIZE_4K, 1);
    }

    @Benchmark
    @OperationsPerInvocation(Sweep.PAGES)
    public void map16(Sweep.Map16 sweep) {
        sweep.mapAll(Sweep.RANGE, TableState.SIZE_4K, 16);
    }

    @Benchmark
    @OperationsPerInvocation(Sweep.PAGES)
    public long unmap16(Sweep.Unmap16 sweep) {
        return sweep.unmapAll(Sweep.RANGE, TableState.SIZE_4K, 16);
    }

    @Benchmark
    @OperationsPerInvocation(Sweep.PAGES)
    public void map512(Sweep.Map512 sweep) {
        sweep.mapAll(Sweep.RANGE, TableState.SIZE_4K, 512);
    }

    @Benchmark
    @OperationsPerInvocation(Sweep.PAGES)
    public long unmap512(Sweep.Unmap512 sweep) {
        return sweep.unmapAll(Sweep.RANGE, TableState.SIZE_4K, 512);
    }

    @Benchmark
    @OperationsPerInvocation(Sweep.BLOCKS)
    public void map2M(Sweep.Map2M sweep) {
        sweep.mapAll(Sweep.BLOCK_RANGE, TableState.SIZE_2M, 1);
    }

    @Benchmark
    @OperationsPerInvocation(Sweep.BLOCKS)
    public long unmap2M(Sweep.Unmap2M sweep) {
        return sweep.unmapAll(Sweep.BLOCK_RANGE, TableState.SIZE_2M, 1);
    }

    /** Every leaf table of 1 GiB is there. */
    @State(Scope.Thread)
    public static class Sparse extends TableState {
        long random = Xorshift.SEED;

        @Override
        void prepare() {
            for (long iova = 0; iova < SIZE_1G; iova += SIZE_2M) {
                table.mapPages(iova, PADDR, SIZE_4K, 1, RW);
                table.unmapPages(iova, SIZE_4K, 1, gather);
            }
            host.sync(gather);
        }
    }

    /** Random pages of 1 GiB, each mapped and unmapped. */
    @Benchmark
    @OperationsPerInvocation(PAIRS)
    public long pair(Sparse sparse) {
        long random = sparse.random;
        long done = 0;
        for (int i = 0; i < PAIRS; i++) {
            random = Xorshift.next(random);
            long iova = random & TableState.SIZE_1G - TableState.SIZE_4K;
            sparse.table.mapPages(iova, TableState.PADDR + iova, TableState.SIZE_4K, 1, TableState.RW);
            done += sparse.table.unmapPages(iova, TableState.SIZE_4K, 1, sparse.gather);
            sparse.gather.clear();
        }
        sparse.random = random;
        return done;
    }
}
