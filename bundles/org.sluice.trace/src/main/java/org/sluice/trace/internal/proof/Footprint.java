package org.sluice.trace.internal.proof;

import org.sluice.spi.memory.PhysicalMemory;

/**
 * How much of a sparse memory the checks have made resident. A trace may name more pages than the heap can hold; beyond a
 * budget, only frames that are resident already are written. Not thread-safe.
 */
final class Footprint {
    private static final long SMALLEST_FRAME = 1 << 16;
    private static final int FEWEST_FRAMES = 16;
    private static final int HEAP_SHARE = 2;

    private final int frameBits;
    private final int most;
    /** Open addressing; a slot holds a frame number plus one, so that 0 is an empty slot. */
    private final long[] slots;

    private int frames;

    Footprint(PhysicalMemory memory) {
        this(memory, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
    }

    Footprint(PhysicalMemory memory, long budget) {
        long frame = Math.max(memory.windowBytes(), SMALLEST_FRAME);
        this.frameBits = Long.numberOfTrailingZeros(frame);
        this.most = (int) Math.max(FEWEST_FRAMES, Math.min(budget / frame, 1 << 20));
        this.slots = new long[Integer.highestOneBit(most) * 4];
    }

    /**
     * Asks to write at an address.
     *
     * @param paddr bytes
     * @return whether its frame is resident or may become so
     */
    boolean affords(long paddr) {
        long key = (paddr >>> frameBits) + 1;
        int slot = (int) (Pattern.seed(key, 0) & slots.length - 1);
        while (slots[slot] != 0) {
            if (slots[slot] == key) {
                return true;
            }
            slot = slot + 1 & slots.length - 1;
        }
        if (frames == most) {
            return false;
        }
        slots[slot] = key;
        frames++;
        return true;
    }
}
