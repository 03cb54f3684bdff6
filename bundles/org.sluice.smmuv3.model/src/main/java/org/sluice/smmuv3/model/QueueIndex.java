package org.sluice.smmuv3.model;

/** Arithmetic of queue pointers: an index of {@code log2size} bits, and a wrap bit above it. */
final class QueueIndex {
    private QueueIndex() {}

    /** The pointer's own bits. */
    static long of(long pointer, int log2size) {
        return pointer & (2L << log2size) - 1;
    }

    static long slot(long pointer, int log2size) {
        return pointer & (1L << log2size) - 1;
    }

    static long next(long pointer, int log2size) {
        return of(pointer + 1, log2size);
    }

    static boolean isEmpty(long producer, long consumer, int log2size) {
        return of(producer ^ consumer, log2size) == 0;
    }

    /** Same index, other wrap bit. */
    static boolean isFull(long producer, long consumer, int log2size) {
        return of(producer ^ consumer, log2size) == 1L << log2size;
    }
}
