package org.sluice.core.space;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.sluice.api.IotlbGather;

/**
 * Gathers for strict unmaps, reused. A ThreadLocal would be simpler, but it would tie a type of ours to every client's
 * thread for ever; so threads meet here, each at its own place unless there are more than {@value #PLACES} of them.
 */
public final class GatherPool {
    static final int PLACES = 64;
    /** References of 4 or 8 bytes: 16 of them are a cache line or two. */
    private static final int STRIDE = 16;

    private final AtomicReferenceArray<IotlbGather> places = new AtomicReferenceArray<>(PLACES * STRIDE);

    /** An empty pool. */
    public GatherPool() {}

    /**
     * Takes an empty gather.
     *
     * @param ordinal number of the calling thread
     * @return the gather; allocates only while warming up, or if another thread at this place has it
     */
    IotlbGather take(int ordinal) {
        IotlbGather gather = places.getAndSet(place(ordinal), null);
        return gather != null ? gather : new IotlbGather();
    }

    /**
     * Gives it back.
     *
     * @param ordinal number of the calling thread
     * @param gather empty
     */
    void give(int ordinal, IotlbGather gather) {
        places.setRelease(place(ordinal), gather);
    }

    private static int place(int ordinal) {
        return (ordinal & PLACES - 1) * STRIDE;
    }
}
