package org.sluice.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What it costs to have each unmap complete before it returns, beside many that share one invalidation. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class StrictnessBenchmark {
    private static final int PAGES = 256;

    @State(Scope.Benchmark)
    public static class Platform extends Machine {}

    private static void mapAll(Machine machine) {
        Machine.mapAll(machine.domain, PAGES * TableState.SIZE_4K, TableState.SIZE_4K);
    }

    /** Each page with an invalidation and a SYNC. */
    @Benchmark
    @OperationsPerInvocation(PAGES)
    public void strict(Platform machine) {
        mapAll(machine);
        for (int page = 0; page < PAGES; page++) {
            machine.domain.unmap(page * TableState.SIZE_4K, TableState.SIZE_4K);
        }
    }

    /** One invalidation and one SYNC for all. */
    @Benchmark
    @OperationsPerInvocation(PAGES)
    public void gathered(Platform machine) {
        mapAll(machine);
        machine.clear(machine.domain, PAGES * TableState.SIZE_4K);
    }
}
