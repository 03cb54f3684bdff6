package org.sluice.smmuv3.driver;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Which slots of the command queue are written but not yet published: each carries the position that is ready there. Any
 * thread; nothing here allocates.
 */
final class SlotStamps {
    private static final VarHandle STAMPS = MethodHandles.arrayElementVarHandle(long[].class);

    /** Stamp of a slot that somebody is publishing; no position has it. */
    private static final long TAKEN = -1;

    private final QueueRing ring;

    /** Per slot, one more than the position that was last stamped there, or {@link #TAKEN}. */
    private final long[] stamps;

    SlotStamps(QueueRing ring) {
        this.ring = ring;
        this.stamps = new long[ring.entries()];
    }

    /** Says that positions are ready, in their order; a full fence comes behind. */
    void set(long position, int count) {
        for (long p = position; p < position + count; p++) {
            STAMPS.setRelease(stamps, ring.slot(p), p + 1);
        }
        VarHandle.fullFence();
    }

    /** Makes the caller the one who publishes a position, if it is ready and nobody else does. */
    boolean take(long position) {
        return isSet(position) && STAMPS.compareAndSet(stamps, ring.slot(position), position + 1, TAKEN);
    }

    /** Where the positions end that are ready behind one that was taken. */
    long end(long taken) {
        long end = taken + 1;
        while (isSet(end)) {
            end++;
        }
        return end;
    }

    private boolean isSet(long position) {
        return (long) STAMPS.getVolatile(stamps, ring.slot(position)) == position + 1;
    }
}
