package org.sluice.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Map and unmap through the core: page sizes, swap gate, binding and gather on top of the page table. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CoreBenchmark {
    private static final int PAGES_OF_1G = (int) (TableState.SIZE_1G / TableState.SIZE_4K);

    @State(Scope.Benchmark)
    public static class DomainMaps extends Machine {
        @TearDown(Level.Invocation)
        public void after() {
            clear(domain, Sweep.RANGE);
        }
    }

    @State(Scope.Benchmark)
    public static class IoMmMaps extends Machine {
        @TearDown(Level.Invocation)
        public void after() {
            clear(ioMm, Sweep.RANGE);
        }
    }

    @State(Scope.Benchmark)
    public static class DomainMapsMuch extends Machine {
        @TearDown(Level.Invocation)
        public void after() {
            clear(domain, TableState.SIZE_1G);
        }
    }

    @State(Scope.Benchmark)
    public static class DomainUnmaps extends Machine {
        @Setup(Level.Invocation)
        public void before() {
            mapAll(domain, Sweep.RANGE, TableState.SIZE_4K);
        }

        @TearDown(Level.Invocation)
        public void after() {
            domain.sync(gather);
        }
    }

    @Benchmark
    @OperationsPerInvocation(Sweep.PAGES)
    public void domainMap4K(DomainMaps machine) {
        Machine.mapAll(machine.domain, Sweep.RANGE, TableState.SIZE_4K);
    }

    @Benchmark
    @OperationsPerInvocation(Sweep.PAGES)
    public void ioMmMap4K(IoMmMaps machine) {
        Machine.mapAll(machine.ioMm, Sweep.RANGE, TableState.SIZE_4K);
    }

    /** One call; the physical address is such that 4K pages are all that fits. */
    @Benchmark
    @OperationsPerInvocation(PAGES_OF_1G)
    public void domainMap1G(DomainMapsMuch machine) {
        Machine.mapAll(machine.domain, TableState.SIZE_1G, TableState.SIZE_1G);
    }

    /** Into a gather; its sync is outside of the measurement. */
    @Benchmark
    @OperationsPerInvocation(Sweep.PAGES)
    public long domainUnmap4K(DomainUnmaps machine) {
        return machine.unmapAll(machine.domain, Sweep.RANGE, TableState.SIZE_4K);
    }
}
