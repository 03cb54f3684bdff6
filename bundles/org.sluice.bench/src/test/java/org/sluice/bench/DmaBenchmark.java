package org.sluice.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaMapper;
import org.sluice.api.DomainType;

/**
 * A streaming mapping made and undone through the whole platform, with the SMMUv3 model consuming the commands: strict, where
 * each unmap waits for the hardware, and lazy, where a flush queue does for many.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DmaBenchmark {
    private static final int LOOP = 64;
    private static final long SIZE_64K = 0x10000;

    @State(Scope.Benchmark)
    public static class Strict extends Machine {
        DmaMapper mapper;

        @Override
        void prepare() {
            mapper = attach(DomainType.DMA);
        }
    }

    @State(Scope.Benchmark)
    public static class Lazy extends Machine {
        DmaMapper mapper;

        @Override
        void prepare() {
            mapper = attach(DomainType.DMA_FQ);
        }
    }

    private static long pairs(DmaMapper mapper, long size) {
        long sum = 0;
        for (int i = 0; i < LOOP; i++) {
            long address = mapper.map(Machine.PADDR, size, DmaDirection.BIDIRECTIONAL);
            sum += address;
            mapper.unmap(address, size, DmaDirection.BIDIRECTIONAL);
        }
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long strict4K(Strict machine) {
        return pairs(machine.mapper, TableState.SIZE_4K);
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long strict64K(Strict machine) {
        return pairs(machine.mapper, SIZE_64K);
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long lazy4K(Lazy machine) {
        return pairs(machine.mapper, TableState.SIZE_4K);
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long lazy64K(Lazy machine) {
        return pairs(machine.mapper, SIZE_64K);
    }

    @Benchmark
    @Threads(2)
    @OperationsPerInvocation(LOOP)
    public long strict4KTwoThreads(Strict machine) {
        return pairs(machine.mapper, TableState.SIZE_4K);
    }

    @Benchmark
    @Threads(2)
    @OperationsPerInvocation(LOOP)
    public long lazy4KTwoThreads(Lazy machine) {
        return pairs(machine.mapper, TableState.SIZE_4K);
    }

    @Benchmark
    @Threads(2)
    @OperationsPerInvocation(LOOP)
    public long strict64KTwoThreads(Strict machine) {
        return pairs(machine.mapper, SIZE_64K);
    }

    @Benchmark
    @Threads(2)
    @OperationsPerInvocation(LOOP)
    public long lazy64KTwoThreads(Lazy machine) {
        return pairs(machine.mapper, SIZE_64K);
    }
}
