package org.sluice.memory;

/**
 * A set of small numbers that finds its smallest member in a few steps: above each 64 words of bits lies one word that says
 * which of them are not empty. Not thread-safe; its allocator's lock guards it.
 */
final class FreeBits {
    private final long[][] levels;

    FreeBits(long capacity) {
        int depth = 1;
        for (long words = words(capacity); words > 1; words = words(words)) {
            depth++;
        }
        levels = new long[depth][];
        long size = capacity;
        for (int level = 0; level < depth; level++) {
            size = words(size);
            levels[level] = new long[(int) size];
        }
    }

    boolean contains(int number) {
        return (levels[0][number >>> 6] & 1L << number) != 0;
    }

    void add(int number) {
        int at = number;
        for (long[] level : levels) {
            long before = level[at >>> 6];
            level[at >>> 6] = before | 1L << at;
            if (before != 0) {
                return;
            }
            at >>>= 6;
        }
    }

    void remove(int number) {
        int at = number;
        for (long[] level : levels) {
            long after = level[at >>> 6] & ~(1L << at);
            level[at >>> 6] = after;
            if (after != 0) {
                return;
            }
            at >>>= 6;
        }
    }

    /** The smallest member, -1 when there is none. */
    int first() {
        int at = 0;
        for (int level = levels.length - 1; level >= 0; level--) {
            long word = levels[level][at];
            if (word == 0) {
                return -1;
            }
            at = (at << 6) + Long.numberOfTrailingZeros(word);
        }
        return at;
    }

    private static long words(long bits) {
        return Math.max(1, bits + 63 >>> 6);
    }
}
