package org.sluice.core.iova;

/** Frames of allocations of one size that wait to be used again; the latest given is the first taken. Not thread-safe. */
final class Magazine {
    /** As many as make 1 KiB with their count, as in Linux. */
    static final int CAPACITY = 127;

    private final long[] frames = new long[CAPACITY];
    private int size;

    /** The next one in a {@link Depot}. */
    Magazine next;

    boolean isFull() {
        return size == CAPACITY;
    }

    int size() {
        return size;
    }

    void push(long frame) {
        frames[size++] = frame;
    }

    /** Takes the latest frame that is not above the limit; 0 if there is none. */
    long pop(long limit) {
        int at = size - 1;
        while (at >= 0 && frames[at] > limit) {
            at--;
        }
        if (at < 0) {
            return 0;
        }
        long frame = frames[at];
        frames[at] = frames[--size];
        return frame;
    }

    long frame(int index) {
        return frames[index];
    }

    void clear() {
        size = 0;
    }
}
