package org.sluice.core.iova;

/** Frames of allocations of one size, on the way between threads. */
final class Magazine {
    /** As many as make 1 KiB with their count, as in Linux. */
    static final int CAPACITY = 127;

    final long[] frames = new long[CAPACITY];

    /** The next one in a {@link Depot}. */
    Magazine next;
}
