package org.sluice.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.sluice.core.gate.SwapGate;
import org.sluice.core.iova.IovaAllocator;

/**
 * An IOVA taken and given back. The allocator works inside a passage of the swap gate that map and unmap make anyway:
 * {@link #pair} is what it adds to them, {@link #pairWithGate} pays two passages of its own.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class IovaBenchmark {
    private static final int LOOP = 1024;
    private static final int LIVE = 4096;
    private static final int BURST = 64;
    private static final long LARGE = 64 * TableState.SIZE_4K;

    @State(Scope.Benchmark)
    public static class Iovas {
        final SwapGate gate = new SwapGate();
        final IovaAllocator iovas = new IovaAllocator(gate, 0, (1L << 48) - 1, TableState.SIZE_4K, () -> {});
        final long[] burst = new long[BURST];

        @Setup
        public void live() {
            long[] pin = gate.enter();
            for (int i = 0; i < LIVE; i++) {
                iovas.allocate(pin, LARGE, -1L);
            }
            gate.leave(pin);
        }

        /** As DMA mapping does. */
        long take(long[] pin, long size) {
            long iova = iovas.allocateAtHand(pin, size, -1L);
            return iova != 0 ? iova : iovas.allocate(pin, size, -1L);
        }

        void give(long[] pin, long iova, long size) {
            if (!iovas.freeAtHand(pin, iova, size)) {
                iovas.free(pin, iova, size);
            }
        }

        long bursts() {
            long sum = 0;
            long[] pin = gate.enter();
            for (int i = 0; i < LOOP / BURST; i++) {
                for (int k = 0; k < BURST; k++) {
                    burst[k] = take(pin, TableState.SIZE_4K);
                    sum += burst[k];
                }
                for (int k = 0; k < BURST; k++) {
                    give(pin, burst[k], TableState.SIZE_4K);
                }
            }
            gate.leave(pin);
            return sum;
        }

        long pairs(long size) {
            long sum = 0;
            long[] pin = gate.enter();
            for (int i = 0; i < LOOP; i++) {
                long iova = take(pin, size);
                sum += iova;
                give(pin, iova, size);
            }
            gate.leave(pin);
            return sum;
        }
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long pair(Iovas state) {
        return state.pairs(TableState.SIZE_4K);
    }

    /** 64 taken, then 64 given back: what a driver does that fills a ring. */
    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long burst(Iovas state) {
        return state.bursts();
    }

    /** From the free ranges. */
    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long largePair(Iovas state) {
        return state.pairs(LARGE);
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long pairWithGate(Iovas state) {
        long sum = 0;
        for (int i = 0; i < LOOP; i++) {
            long[] pin = state.gate.enter();
            long iova = state.take(pin, TableState.SIZE_4K);
            state.gate.leave(pin);
            sum += iova;
            pin = state.gate.enter();
            state.give(pin, iova, TableState.SIZE_4K);
            state.gate.leave(pin);
        }
        return sum;
    }
}
