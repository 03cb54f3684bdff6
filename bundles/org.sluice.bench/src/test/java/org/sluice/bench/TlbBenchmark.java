package org.sluice.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.GroupThreads;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.infra.Control;
import org.sluice.smmuv3.model.TlbDoor;
import org.sluice.smmuv3.model.WalkDoor;
import org.sluice.spi.board.Dma;

/** The device model: look-ups that hit its TLB, alone and as part of whole transactions. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TlbBenchmark {
    private static final int LOOK_UPS = 1024;
    private static final int FEW = 256;
    private static final int MANY = 16384;
    private static final int DMA_BYTES = 64;
    private static final int PAGE_SHIFT = 12;

    /** A TLB as the model has it by default, with few entries in use. */
    @State(Scope.Benchmark)
    public static class SmallTlb {
        final TlbDoor tlb = new TlbDoor(4096, FEW);
        volatile long writes;
    }

    /** Lets no sample begin while the writer waits for a processor; the C peer does the same. */
    @State(Scope.Thread)
    public static class WriterRuns {
        @Setup(Level.Invocation)
        public void await(SmallTlb few, Control control) {
            long before = few.writes;
            while (few.writes == before && !control.stopMeasurement) {
                Thread.onSpinWait();
            }
        }
    }

    /** One that holds many. */
    @State(Scope.Benchmark)
    public static class LargeTlb {
        final TlbDoor tlb = new TlbDoor(65536, MANY);
    }

    /** No TLB: four levels of stage 1 for each address. */
    @State(Scope.Benchmark)
    public static class Walks {
        final WalkDoor tables = new WalkDoor(MANY, false);
    }

    /** And each address of those through three levels of stage 2. */
    @State(Scope.Benchmark)
    public static class NestedWalks {
        final WalkDoor tables = new WalkDoor(MANY, true);
    }

    /** Each thread has its own sequence of addresses. */
    @State(Scope.Thread)
    public static class Sequence {
        long random = Xorshift.SEED;
        final byte[] data = new byte[1 << PAGE_SHIFT];
        final long[] slot = TlbDoor.slot();
    }

    /** The whole machine, with {@link #FEW} pages mapped and in the TLB. */
    @State(Scope.Benchmark)
    public static class Dmas extends Machine {
        @Override
        void prepare() {
            domain.map(0, PADDR, (long) FEW << PAGE_SHIFT, TableState.RW);
            // memory that was never written is not there, and would not be read
            byte[] page = new byte[1 << PAGE_SHIFT];
            for (int i = 0; i < FEW; i++) {
                dma.write(Dma.NO_PASID, (long) i << PAGE_SHIFT, page, 0, page.length, 0);
            }
        }
    }

    private static long lookUp(TlbDoor tlb, Sequence sequence, int entries) {
        long random = sequence.random;
        long sum = 0;
        for (int i = 0; i < LOOK_UPS; i++) {
            random = Xorshift.next(random);
            sum += tlb.lookup((random & entries - 1) << PAGE_SHIFT, sequence.slot);
        }
        sequence.random = random;
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(LOOK_UPS)
    public long hit256(SmallTlb few, Sequence sequence) {
        return lookUp(few.tlb, sequence, FEW);
    }

    @Benchmark
    @OperationsPerInvocation(LOOK_UPS)
    public long hit16384(LargeTlb many, Sequence sequence) {
        return lookUp(many.tlb, sequence, MANY);
    }

    @Benchmark
    @Threads(2)
    @OperationsPerInvocation(LOOK_UPS)
    public long hit256TwoThreads(SmallTlb few, Sequence sequence) {
        return lookUp(few.tlb, sequence, FEW);
    }

    @Benchmark
    @Group("hit256BesideWriter")
    @GroupThreads(1)
    @OperationsPerInvocation(LOOK_UPS)
    public long reader(SmallTlb few, Sequence sequence, WriterRuns writerRuns) {
        return lookUp(few.tlb, sequence, FEW);
    }

    /** Invalidates and refills flat out. */
    @Benchmark
    @Group("hit256BesideWriter")
    @GroupThreads(1)
    @OperationsPerInvocation(LOOK_UPS)
    public void writer(SmallTlb few, Sequence sequence) {
        long random = sequence.random;
        for (int i = 0; i < LOOK_UPS; i++) {
            random = Xorshift.next(random);
            long iova = (random & FEW - 1) << PAGE_SHIFT;
            few.tlb.invalidate(iova);
            few.tlb.fill(iova);
            few.writes = i;
        }
        sequence.random = random;
    }

    private static int dma(Dmas machine, Sequence sequence, int bytes) {
        long random = sequence.random;
        int outcome = Dma.OK;
        for (int i = 0; i < LOOK_UPS; i++) {
            random = Xorshift.next(random);
            long page = random & FEW - 1;
            // each page at an offset of its own: the same one in all would be one set of the processor's caches
            long offset = page * bytes & (1 << PAGE_SHIFT) - 1;
            outcome |= machine.dma.read(Dma.NO_PASID, page << PAGE_SHIFT | offset, sequence.data, 0, bytes, 0);
        }
        sequence.random = random;
        if (outcome != Dma.OK) {
            throw new IllegalStateException("the device was refused");
        }
        return outcome;
    }

    /** A device reads 64 bytes: stream and context from the configuration cache, TLB, permissions, the bytes. */
    @Benchmark
    @OperationsPerInvocation(LOOK_UPS)
    public int dma64(Dmas machine, Sequence sequence) {
        return dma(machine, sequence, DMA_BYTES);
    }

    @Benchmark
    @Threads(2)
    @OperationsPerInvocation(LOOK_UPS)
    public int dma64TwoThreads(Dmas machine, Sequence sequence) {
        return dma(machine, sequence, DMA_BYTES);
    }

    /** A page. */
    @Benchmark
    @OperationsPerInvocation(LOOK_UPS)
    public int dma4K(Dmas machine, Sequence sequence) {
        return dma(machine, sequence, 1 << PAGE_SHIFT);
    }

    private static long walk(WalkDoor tables, Sequence sequence) {
        long random = sequence.random;
        long sum = 0;
        for (int i = 0; i < LOOK_UPS; i++) {
            random = Xorshift.next(random);
            sum += tables.translate((random & MANY - 1) << PAGE_SHIFT, sequence.slot);
        }
        sequence.random = random;
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(LOOK_UPS)
    public long walk(Walks walks, Sequence sequence) {
        return walk(walks.tables, sequence);
    }

    @Benchmark
    @Threads(2)
    @OperationsPerInvocation(LOOK_UPS)
    public long walkTwoThreads(Walks walks, Sequence sequence) {
        return walk(walks.tables, sequence);
    }

    @Benchmark
    @OperationsPerInvocation(LOOK_UPS)
    public long nestedWalk(NestedWalks walks, Sequence sequence) {
        return walk(walks.tables, sequence);
    }
}
