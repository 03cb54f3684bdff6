package org.sluice.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.sluice.core.gate.SwapGate;

/** What the swap gate costs an operation, beside a volatile read, which is all that a binding without a gate would cost. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class GateBenchmark {
    private static final int LOOP = 1024;

    @State(Scope.Benchmark)
    public static class Gate {
        final SwapGate gate = new SwapGate();
        volatile long binding = 1;
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long gate(Gate state) {
        long sum = 0;
        for (int i = 0; i < LOOP; i++) {
            long[] pin = state.gate.enter();
            try {
                sum += state.binding;
            } finally {
                state.gate.leave(pin);
            }
        }
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public long volatileRead(Gate state) {
        long sum = 0;
        for (int i = 0; i < LOOP; i++) {
            sum += state.binding;
        }
        return sum;
    }
}
