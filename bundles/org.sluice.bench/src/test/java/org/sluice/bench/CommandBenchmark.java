package org.sluice.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.sluice.smmuv3.driver.QueueDoor;

/**
 * Commands of the SMMUv3 driver into a queue whose hardware is done at once, beside a plain lock around a ring: a CMD_SYNC
 * after each command and after 64, with one thread and two; and what an unmap of so many pages costs.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CommandBenchmark {
    private static final int BATCH = 64;

    /** Registers that cost nothing, and about what they cost across a bus. */
    @State(Scope.Benchmark)
    public static class Queue {
        @Param({"0", "200"})
        public long registerNanos;

        QueueDoor door;

        @Setup
        public void open() {
            door = new QueueDoor(registerNanos, true);
        }
    }

    /** Unmaps of one page, a run, a table and a gibibyte. */
    @State(Scope.Benchmark)
    public static class Unmaps {
        @Param({"1", "32", "512", "262144"})
        public long pages;

        @Param({"true", "false"})
        public boolean ranges;

        QueueDoor door;

        @Setup
        public void open() {
            door = new QueueDoor(0, ranges);
        }
    }

    private static void syncEach(QueueDoor door) {
        door.submit(0x1000);
        door.sync();
    }

    private static void batch(QueueDoor door) {
        for (long page = 0; page < BATCH; page++) {
            door.submit(page << 12);
        }
        door.sync();
    }

    private static void syncEachLocked(QueueDoor door) {
        door.submitLocked(0x1000);
        door.syncLocked();
    }

    private static void batchLocked(QueueDoor door) {
        for (long page = 0; page < BATCH; page++) {
            door.submitLocked(page << 12);
        }
        door.syncLocked();
    }

    @Benchmark
    public void syncEach(Queue queue) {
        syncEach(queue.door);
    }

    @Benchmark
    @Threads(2)
    public void syncEachTwoThreads(Queue queue) {
        syncEach(queue.door);
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void syncAfter64(Queue queue) {
        batch(queue.door);
    }

    @Benchmark
    @Threads(2)
    @OperationsPerInvocation(BATCH)
    public void syncAfter64TwoThreads(Queue queue) {
        batch(queue.door);
    }

    @Benchmark
    public void syncEachLocked(Queue queue) {
        syncEachLocked(queue.door);
    }

    @Benchmark
    @Threads(2)
    public void syncEachLockedTwoThreads(Queue queue) {
        syncEachLocked(queue.door);
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void syncAfter64Locked(Queue queue) {
        batchLocked(queue.door);
    }

    @Benchmark
    @Threads(2)
    @OperationsPerInvocation(BATCH)
    public void syncAfter64LockedTwoThreads(Queue queue) {
        batchLocked(queue.door);
    }

    /** The invalidation alone, waited for; the page table is not in it. */
    @Benchmark
    public void unmap(Unmaps unmaps) {
        unmaps.door.invalidate(0, unmaps.pages);
        unmaps.door.sync();
    }
}
