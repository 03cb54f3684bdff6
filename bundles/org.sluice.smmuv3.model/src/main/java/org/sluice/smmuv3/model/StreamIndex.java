package org.sluice.smmuv3.model;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Numbers the first streams that make transactions, so that each can be counted alone: open addressing, never removed. Any
 * thread; a look-up neither locks nor allocates.
 */
final class StreamIndex {
    /** The block of streams that came when there was no room any more. */
    static final int OTHERS = 0;

    private static final int PROBES = 8;
    private static final int FREE = 0;

    // a StreamID plus 1, so that 0 is free; StreamID 0xffffffff is counted among the others
    private final AtomicIntegerArray keys;
    private final int mask;

    /**
     * An index.
     *
     * @param capacity streams to be counted alone, a power of two, or 0
     */
    StreamIndex(int capacity) {
        keys = new AtomicIntegerArray(capacity);
        mask = capacity - 1;
    }

    /** Blocks of counters that are needed. */
    int blocks() {
        return 1 + keys.length();
    }

    /** The block of a stream, which is its own from now on if there is room. */
    int block(int streamId) {
        int key = streamId + 1;
        if (mask < 0 || key == FREE) {
            return OTHERS;
        }
        int home = streamId * 0x9e3779b9 >>> 16;
        for (int i = 0; i < PROBES; i++) {
            int at = home + i & mask;
            int present = keys.get(at);
            if (present == key || present == FREE && claim(at, key)) {
                return 1 + at;
            }
        }
        return OTHERS;
    }

    private boolean claim(int at, int key) {
        return keys.compareAndSet(at, FREE, key) || keys.get(at) == key;
    }

    /** The block of a stream that has one of its own, or {@link #OTHERS}. */
    int find(int streamId) {
        for (int at = 0; at < keys.length(); at++) {
            if (keys.get(at) == streamId + 1 && streamId + 1 != FREE) {
                return 1 + at;
            }
        }
        return OTHERS;
    }

    /** StreamIDs with a block of their own, ascending as unsigned numbers. */
    List<Integer> streams() {
        List<Integer> streams = new ArrayList<>();
        for (int at = 0; at < keys.length(); at++) {
            if (keys.get(at) != FREE) {
                streams.add(keys.get(at) - 1);
            }
        }
        streams.sort(Integer::compareUnsigned);
        return streams;
    }
}
