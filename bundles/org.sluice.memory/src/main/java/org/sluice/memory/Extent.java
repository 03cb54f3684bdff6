package org.sluice.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A run of memory without a gap, and where its windows are. Extents that end and begin inside one window share the window
 * directory, so that a window has one storage whoever asks.
 *
 * <p>Any thread may call it. A window is published once, by compare-and-set, and never replaced.
 */
final class Extent {
    static final int WINDOW_SHIFT = 21;
    static final long WINDOW_BYTES = 1L << WINDOW_SHIFT;
    static final long WINDOW_MASK = WINDOW_BYTES - 1;

    private static final int WINDOW_WORDS = (int) (WINDOW_BYTES / Long.BYTES);
    private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(long[][].class);

    final long base;
    final long size;
    private final long firstWindow;
    private final long[][] windows;

    Extent(long base, long size, long firstWindow, long[][] windows) {
        this.base = base;
        this.size = size;
        this.firstWindow = firstWindow;
        this.windows = windows;
    }

    boolean contains(long address, long bytes) {
        long offset = address - base;
        return Long.compareUnsigned(offset, size) < 0 && Long.compareUnsigned(bytes, size - offset) <= 0;
    }

    /** The storage of the window that holds an address of this extent; null while nothing was written to it. */
    long[] windowOrNull(long address) {
        return (long[]) SLOTS.getAcquire(windows, slot(address));
    }

    /** The storage of the window that holds an address of this extent. */
    long[] window(long address) {
        long[] present = windowOrNull(address);
        return present != null ? present : create(slot(address));
    }

    private long[] create(int slot) {
        long[] fresh = new long[WINDOW_WORDS];
        long[] earlier = (long[]) SLOTS.compareAndExchange(windows, slot, null, fresh);
        return earlier != null ? earlier : fresh;
    }

    private int slot(long address) {
        return (int) ((address >>> WINDOW_SHIFT) - firstWindow);
    }

    /** Index of a word in its window. */
    static int word(long address) {
        return (int) (address & WINDOW_MASK) >>> 3;
    }
}
