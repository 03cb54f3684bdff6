package org.sluice.tck;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.sluice.api.IotlbGather;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * Threads on one page table, and the core that they need: a table that was taken out is freed once every operation that
 * began earlier has left. Each thread is a lane with a counter that is odd while an operation runs.
 */
final class Lanes implements TableHost {
    /** Threads. */
    static final int COUNT = 4;

    /** Counters of two lanes do not share a cache line. */
    private static final int STRIDE = 32;

    private final TableLedger ledger;
    private final AtomicIntegerArray operations = new AtomicIntegerArray(COUNT * STRIDE);
    private final List<List<Long>> waiting = new ArrayList<>();
    private final ThreadLocal<Integer> lane = new ThreadLocal<>();
    private final Phaser meeting = new Phaser(COUNT);

    Lanes(TableLedger ledger) {
        this.ledger = ledger;
        ledger.begin(TableLedger.Licence.FREE);
        for (int i = 0; i < COUNT; i++) {
            waiting.add(new ArrayList<>());
        }
    }

    /** What each thread does. */
    interface Body {
        void run(int lane);
    }

    /** Runs all lanes at once; fails with what failed first. */
    void run(Body body) {
        ExecutorService threads = Executors.newFixedThreadPool(COUNT);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < COUNT; i++) {
                int number = i;
                running.add(threads.submit(() -> runOne(body, number, failure)));
            }
            for (Future<?> future : running) {
                future.get();
            }
        } catch (ExecutionException | InterruptedException stopped) {
            throw new AssertionError("lanes were stopped", stopped);
        } finally {
            threads.shutdownNow();
        }
        if (failure.get() != null) {
            throw new AssertionError("a lane failed: " + failure.get().getMessage(), failure.get());
        }
    }

    private void runOne(Body body, int number, AtomicReference<Throwable> failure) {
        lane.set(number);
        try {
            meet();
            body.run(number);
        } catch (RuntimeException | AssertionError failed) {
            failure.compareAndSet(null, failed);
        } finally {
            meeting.arriveAndDeregister(); // whoever is at work still meets without this lane
        }
    }

    /** Waits until every lane has come here. */
    void meet() {
        meeting.arriveAndAwaitAdvance();
    }

    /** Runs one operation of this lane. */
    long operation(LongSupplier operation) {
        int slot = lane.get() * STRIDE;
        operations.incrementAndGet(slot);
        try {
            return operation.getAsLong();
        } finally {
            operations.incrementAndGet(slot);
        }
    }

    /** Frees what this lane's operations took out, after the grace period. */
    void sync(IotlbGather gather) {
        List<Long> tables = waiting.get(lane.get());
        for (int i = 0; i < gather.tableCount(); i++) {
            ledger.unlink(gather.tableAddress(i), gather.tableBytes(i));
            tables.add(gather.tableAddress(i));
        }
        gather.clear();
        if (!tables.isEmpty()) {
            waitForEarlierOperations();
            tables.forEach(ledger::release);
            tables.clear();
        }
    }

    private void waitForEarlierOperations() {
        for (int slot = 0; slot < operations.length(); slot += STRIDE) {
            int seen = operations.get(slot);
            while ((seen & 1) != 0 && operations.get(slot) == seen) {
                Thread.onSpinWait();
            }
        }
    }

    @Override
    public PhysicalMemory memory() {
        return ledger.memory();
    }

    @Override
    public long allocateTable(long bytes, long alignment, long lastAddress) {
        return ledger.allocateTable(bytes, alignment, lastAddress);
    }

    @Override
    public void freeTable(long address, long bytes) {
        ledger.freeTable(address, bytes);
    }

    @Override
    public void rootMoved(WalkerConfig walker) {
        ledger.rootMoved(walker);
    }

    @Override
    public void retireTable(long iova, long size, long granule, long address, long bytes) {
        ledger.unlink(address, bytes);
        waiting.get(lane.get()).add(address);
    }
}
