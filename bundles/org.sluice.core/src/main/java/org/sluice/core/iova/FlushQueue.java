package org.sluice.core.iova;

import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.sluice.core.gate.SwapGate;

/**
 * Lazy invalidation, as the flush queue of Linux's {@code dma-iommu.c}: what was unmapped keeps its IOVA until the whole address
 * space was flushed, which happens once for many. An IOVA is given back when a flush that <em>began</em> after it was queued has
 * completed: each entry remembers how many flushes had begun, and is free once more than that many are done.
 *
 * <p>Bounded in entries (a full ring is flushed by the thread that finds it full) and in time (an alarm flushes what waits).
 * A flush that fails, because a bundle is missing, frees nothing: the IOVAs wait for the next.
 */
public final class FlushQueue {
    /**
     * How much may wait, and how long.
     *
     * @param entries of one ring, a power of two
     * @param nanos longest wait in ns, apart from that of the hardware
     * @param perThread a ring for each thread; false for one that they share
     */
    public record Bounds(int entries, long nanos, boolean perThread) {
        /** As Linux has them for each processor. */
        public static final Bounds PER_THREAD = new Bounds(256, 10_000_000L, true);

        /** As Linux has them where a flush is dear. */
        public static final Bounds SINGLE = new Bounds(32768, 1_000_000_000L, false);
    }

    private static final int OVERFLOW = 1024;

    private final Bounds bounds;
    private final SwapGate gate;
    private final IovaAllocator iovas;
    private final Runnable flushAll;
    private final Alarm alarm;
    private final Runnable overflowed;
    private final PerThread<FlushRing> rings;
    private final FlushRing shared; // adding is guarded by itself
    private final FlushRing overflow = new FlushRing(OVERFLOW); // adding is guarded by itself
    private final AtomicLong begun = new AtomicLong();
    private final AtomicLong done = new AtomicLong();
    private final AtomicBoolean armed = new AtomicBoolean();
    private final LongAdder overflows = new LongAdder();
    private volatile boolean overdue;
    private volatile boolean closed;

    /**
     * A queue with nothing in it.
     *
     * @param bounds how much may wait
     * @param gate that those who add hold
     * @param iovas where IOVAs go back to
     * @param flushAll invalidates the whole address space and waits; called outside of the gate
     * @param alarm for what waits too long
     * @param overflowed is told when a ring is found full; inside the gate
     */
    public FlushQueue(
            Bounds bounds, SwapGate gate, IovaAllocator iovas, Runnable flushAll, Alarm alarm, Runnable overflowed) {
        this.bounds = bounds;
        this.gate = gate;
        this.iovas = iovas;
        this.flushAll = flushAll;
        this.alarm = alarm;
        this.overflowed = overflowed;
        this.rings = new PerThread<>(() -> new FlushRing(bounds.entries()));
        this.shared = new FlushRing(bounds.entries());
    }

    /**
     * Queues an IOVA right after it was unmapped, inside the gate. If {@link #isOverdue} then, call {@link #flush} outside.
     *
     * @param pin of the gate; null while an outer operation holds it
     * @param iova bytes
     * @param size bytes
     */
    public void add(long[] pin, long iova, long size) {
        // The table must be written before the count is read: else a flush that this entry relies on could begin in
        // between
        // and a device could fetch the old descriptor after it. Pairs with the atomic increment in flush().
        VarHandle.fullFence();
        long before = begun.get();
        FlushRing ring = bounds.perThread() && pin != null ? rings.of(pin) : null;
        if (ring != null) {
            if (ring.hasFlushed(done.get())) {
                ring.freeFlushed(done.get(), iovas, pin);
            }
            if (!ring.add(iova, size, before)) {
                overflow(pin, iova, size, before);
            }
        } else {
            synchronized (shared) {
                shared.freeFlushed(done.get(), iovas, pin);
                if (!shared.add(iova, size, before)) {
                    overflow(pin, iova, size, before);
                }
            }
        }
        if (!armed.get() && armed.compareAndSet(false, true)) {
            alarm.set(bounds.nanos(), this::expired);
        }
    }

    private void overflow(long[] pin, long iova, long size, long before) {
        overflows.increment();
        overflowed.run();
        overdue = true;
        synchronized (overflow) {
            if (!overflow.add(iova, size, before)) {
                // More threads than this has room for meet here at once.
                flushAll.run();
                iovas.free(pin, iova, size);
            }
        }
    }

    /**
     * Whether somebody found a ring full and nobody flushed since.
     *
     * @return true if {@link #flush} should be called now
     */
    public boolean isOverdue() {
        return overdue;
    }

    /**
     * Flushes, then gives back every IOVA that was queued before. Outside of the gate.
     *
     * @throws org.sluice.api.ProviderMissingException no driver came within the configured time; nothing was given back
     */
    public void flush() {
        overdue = false;
        begun.incrementAndGet();
        flushAll.run();
        done.incrementAndGet();
        freeFlushed();
    }

    private void freeFlushed() {
        long finished = done.get();
        long[] pin = gate.enter();
        try {
            rings.forEach(ring -> ring.freeFlushed(finished, iovas, pin));
            shared.freeFlushed(finished, iovas, pin);
            overflow.freeFlushed(finished, iovas, pin);
        } finally {
            gate.leave(pin);
        }
    }

    private void expired() {
        armed.set(false);
        if (closed) {
            return;
        }
        try {
            flush();
        } finally {
            // What could not be flushed, or came after the flush had begun, waits for the next alarm.
            if (size() != 0 && armed.compareAndSet(false, true)) {
                alarm.set(bounds.nanos(), this::expired);
            }
        }
    }

    /** Ends the alarms. What is queued is not given back: the address space ends. */
    public void close() {
        closed = true;
    }

    /**
     * IOVAs that wait for a flush.
     *
     * @return a snapshot
     */
    public int size() {
        int[] sum = {shared.size() + overflow.size()};
        rings.forEach(ring -> sum[0] += ring.size());
        return sum[0];
    }

    /**
     * Flushes that completed.
     *
     * @return a count
     */
    public long flushes() {
        return done.get();
    }

    /**
     * Times that a ring was found full.
     *
     * @return a count
     */
    public long overflows() {
        return overflows.sum();
    }
}
