package org.sluice.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Byte runs inside one window. Whole words move in one access; the ends are merged into theirs. */
final class WindowBytes {
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle BYTES = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private WindowBytes() {}

    /**
     * Copies out of a window.
     *
     * @param start first byte in the window
     */
    static void read(long[] window, int start, byte[] target, int offset, int length) {
        int at = start;
        int to = offset;
        int end = offset + length;
        if ((at & 7) != 0) {
            int head = Math.min(length, 8 - (at & 7));
            spread((long) WORDS.getOpaque(window, at >>> 3) >>> ((at & 7) << 3), target, to, head);
            at += head;
            to += head;
        }
        for (; end - to >= Long.BYTES; at += Long.BYTES, to += Long.BYTES) {
            BYTES.set(target, to, (long) WORDS.getOpaque(window, at >>> 3));
        }
        if (to < end) {
            spread((long) WORDS.getOpaque(window, at >>> 3), target, to, end - to);
        }
    }

    /**
     * Copies into a window.
     *
     * @param start first byte in the window
     */
    static void write(long[] window, int start, byte[] source, int offset, int length) {
        int at = start;
        int from = offset;
        int end = offset + length;
        if ((at & 7) != 0) {
            int head = Math.min(length, 8 - (at & 7));
            int shift = (at & 7) << 3;
            insert(window, at >>> 3, gather(source, from, head) << shift, ones(head) << shift);
            at += head;
            from += head;
        }
        for (; end - from >= Long.BYTES; at += Long.BYTES, from += Long.BYTES) {
            WORDS.setOpaque(window, at >>> 3, (long) BYTES.get(source, from));
        }
        if (from < end) {
            insert(window, at >>> 3, gather(source, from, end - from), ones(end - from));
        }
    }

    /** Replaces the bits of a mask, atomically against writers of the other bits. */
    static void insert(long[] window, int word, long bits, long mask) {
        long old;
        do {
            old = (long) WORDS.getOpaque(window, word);
        } while (!WORDS.weakCompareAndSet(window, word, old, old & ~mask | bits));
    }

    private static void spread(long word, byte[] target, int to, int bytes) {
        for (int i = 0; i < bytes; i++) {
            target[to + i] = (byte) (word >>> (i << 3));
        }
    }

    private static long gather(byte[] source, int from, int bytes) {
        long word = 0;
        for (int i = 0; i < bytes; i++) {
            word |= (source[from + i] & 0xffL) << (i << 3);
        }
        return word;
    }

    private static long ones(int bytes) {
        return -1L >>> (Long.BYTES - bytes << 3);
    }
}
