package org.sluice.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** {@code PageTable.iovaToPhys} at random addresses of a range that is mapped by 4K pages. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LookUpBenchmark {
    static final int LOOK_UPS = 1024;

    /** 1 GiB is mapped: 512 leaf tables. */
    @State(Scope.Thread)
    public static class Gigabyte extends TableState {
        long random = Xorshift.SEED;

        @Override
        void prepare() {
            mapAll(SIZE_1G, SIZE_4K, 512);
        }
    }

    /** 16 GiB are mapped: 8192 leaf tables, 32 MiB. */
    @State(Scope.Thread)
    public static class SixteenGigabytes extends TableState {
        long random = Xorshift.SEED;

        @Override
        void prepare() {
            mapAll(16 * SIZE_1G, SIZE_4K, 512);
        }
    }

    @Benchmark
    @OperationsPerInvocation(LOOK_UPS)
    public long phys1G(Gigabyte mapped) {
        long random = mapped.random;
        long sum = 0;
        for (int i = 0; i < LOOK_UPS; i++) {
            random = Xorshift.next(random);
            sum += mapped.table.iovaToPhys(random & TableState.SIZE_1G - 1);
        }
        mapped.random = random;
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(LOOK_UPS)
    public long phys16G(SixteenGigabytes mapped) {
        long random = mapped.random;
        long sum = 0;
        for (int i = 0; i < LOOK_UPS; i++) {
            random = Xorshift.next(random);
            sum += mapped.table.iovaToPhys(random & 16 * TableState.SIZE_1G - 1);
        }
        mapped.random = random;
        return sum;
    }

    /** Each address depends on the last answer. */
    @Benchmark
    @OperationsPerInvocation(LOOK_UPS)
    public long physChain(Gigabyte mapped) {
        long random = mapped.random;
        for (int i = 0; i < LOOK_UPS; i++) {
            random = Xorshift.next(random + mapped.table.iovaToPhys(random & TableState.SIZE_1G - 1));
        }
        mapped.random = random;
        return random;
    }
}
