package org.sluice.core.iova;

/** IOVAs of allocations of one size, on the way between threads. */
final class Magazine {
    /** As many as make 1 KiB with their count, as in Linux. */
    static final int CAPACITY = 127;

    final long[] iovas = new long[CAPACITY];

    /** The next one in a {@link Depot}. */
    Magazine next;
}
