package org.sluice.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;

/** What is not for the path of a DMA: a PASID taken and freed, a device moved from one domain to another. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AttachBenchmark {
    private static final int LOOP = 16;

    @State(Scope.Benchmark)
    public static class Domains extends Machine {
        Domain other;

        @Override
        void prepare() {
            other = allocate(DomainType.UNMANAGED);
        }
    }

    /** Context, tables, PASID, entry; then all of it back, with its invalidations. */
    @Benchmark
    @OperationsPerInvocation(LOOP)
    public int pasid(Domains machine) {
        int sum = 0;
        for (int i = 0; i < LOOP; i++) {
            var own = machine.attached.allocPasid(machine.nic);
            sum += own.pasid();
            machine.attached.freePasid(own);
        }
        return sum;
    }

    /** There and back is two. The io_mm of the first domain is gone after the first. */
    @Benchmark
    @OperationsPerInvocation(2 * LOOP)
    public void replace(Domains machine) {
        for (int i = 0; i < LOOP; i++) {
            machine.other.attach(machine.nic);
            machine.attached.attach(machine.nic);
        }
    }
}
