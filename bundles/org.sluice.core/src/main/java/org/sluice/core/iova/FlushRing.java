package org.sluice.core.iova;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * IOVAs that were unmapped and may still be in a TLB, in the order in which they came. One thread at a time adds, one at a
 * time takes out; those two need no lock between them.
 */
final class FlushRing {
    private static final int FIELDS = 3; // IOVA, bytes, flushes that had begun

    private final long[] entries;
    private final int mask;
    private final AtomicBoolean taking = new AtomicBoolean();
    private volatile long head; // written by who takes
    private volatile long tail; // written by who adds

    /**
     * An empty ring.
     *
     * @param capacity entries, a power of two
     */
    FlushRing(int capacity) {
        this.entries = new long[capacity * FIELDS];
        this.mask = capacity - 1;
    }

    int size() {
        return (int) (tail - head);
    }

    /** Adds one; false if the ring is full. */
    boolean add(long iova, long size, long flushesBegun) {
        long next = tail;
        if (next - head > mask) {
            return false;
        }
        int at = (int) next & mask;
        entries[at * FIELDS] = iova;
        entries[at * FIELDS + 1] = size;
        entries[at * FIELDS + 2] = flushesBegun;
        tail = next + 1;
        return true;
    }

    /** Whether the oldest entry was flushed. */
    boolean hasFlushed(long flushesDone) {
        long oldest = head;
        return oldest != tail && entries[((int) oldest & mask) * FIELDS + 2] < flushesDone;
    }

    /** Gives back what was flushed, unless another thread does that right now. */
    void freeFlushed(long flushesDone, IovaAllocator iovas, long[] pin) {
        if (!taking.compareAndSet(false, true)) {
            return;
        }
        try {
            while (hasFlushed(flushesDone)) {
                int at = (int) head & mask;
                iovas.free(pin, entries[at * FIELDS], entries[at * FIELDS + 1]);
                head = head + 1;
            }
        } finally {
            taking.set(false);
        }
    }
}
