package org.sluice.pgtable.radix;

import java.util.Arrays;

/**
 * Loops over entries that lie next to each other: several words a round, each with an accumulator of its own, counted up to a
 * bound that is fixed before the loop. That form keeps the compiler from a bounds check a word, and the processor from
 * waiting for the last result.
 *
 * <p>Each word is stored once and not read back: what another thread stored in between, against the rules, must not become
 * an entry with an address that nobody asked for.
 */
final class EntryRun {
    /** Words of a round. */
    private static final int ROUND = 8;

    /** Words from which a call of the library pays. */
    private static final int LONG = 64;

    private EntryRun() {}

    static long or(long[] words, int from, int to) {
        if (isShort(to - from)) {
            return or(words, from) | or(words, to - ROUND); // some words twice
        }
        long a = 0;
        int at = from;
        for (int rounds = from + (to - from & -ROUND); at < rounds; at += ROUND) {
            a |= or(words, at);
        }
        for (; at < to; at++) {
            a |= words[at];
        }
        return a;
    }

    /** Whether two rounds are enough: without a loop, which the compiler would expect to be long. */
    private static boolean isShort(int entries) {
        return entries >= ROUND && entries <= 2 * ROUND;
    }

    private static long or(long[] words, int at) {
        long a = words[at] | words[at + 1] | words[at + 2] | words[at + 3];
        long b = words[at + 4] | words[at + 5] | words[at + 6] | words[at + 7];
        return a | b;
    }

    private static long and(long[] words, int from, int to) {
        long a = -1;
        long b = -1;
        long c = -1;
        long d = -1;
        int at = from;
        for (int rounds = from + (to - from & ~3); at < rounds; at += 4) {
            a &= words[at];
            b &= words[at + 1];
            c &= words[at + 2];
            d &= words[at + 3];
        }
        for (; at < to; at++) {
            a &= words[at];
        }
        return a & b & c & d;
    }

    static void fill(long[] words, int from, int to, long first, long step) {
        int at = from;
        long entry = first;
        if (isShort(to - from)) {
            fill(words, at, entry, step);
            at += ROUND;
            entry += ROUND * step;
            if (to - at == ROUND) {
                fill(words, at, entry, step);
                return;
            }
        } else {
            for (int rounds = from + (to - from & -ROUND); at < rounds; at += ROUND) {
                fill(words, at, entry, step);
                entry += ROUND * step;
            }
        }
        for (; at < to; at++) {
            words[at] = entry;
            entry += step;
        }
    }

    private static void fill(long[] words, int at, long entry, long step) {
        words[at] = entry;
        words[at + 1] = entry + step;
        words[at + 2] = entry + 2 * step;
        words[at + 3] = entry + 3 * step;
        words[at + 4] = entry + 4 * step;
        words[at + 5] = entry + 5 * step;
        words[at + 6] = entry + 6 * step;
        words[at + 7] = entry + 7 * step;
    }

    /** Leaves of several equal entries each. */
    static void repeat(long[] words, int from, int to, long first, long step, int replicas) {
        long entry = first;
        for (int at = from; at < to; at += replicas) {
            Arrays.fill(words, at, at + replicas, entry);
            entry += step;
        }
    }

    /**
     * How many entries have exactly the wanted ones of some bits, before the first that does not.
     *
     * @param mask those bits
     * @param wanted what they are
     */
    static int matching(long[] words, int from, int to, long mask, long wanted) {
        // A bit that is 1 in the AND of all is 1 in each, and one operation a word less than any comparison.
        boolean all = wanted == mask
                ? (and(words, from, to) & mask) == mask
                : (differences(words, from, to, wanted) & mask) == 0;
        return all ? to - from : counted(words, from, to, mask, wanted);
    }

    private static long differences(long[] words, int from, int to, long wanted) {
        long a = 0;
        long b = 0;
        int at = from;
        for (int rounds = from + (to - from & ~3); at < rounds; at += 4) {
            a |= words[at] ^ wanted | words[at + 1] ^ wanted;
            b |= words[at + 2] ^ wanted | words[at + 3] ^ wanted;
        }
        for (; at < to; at++) {
            a |= words[at] ^ wanted;
        }
        return a | b;
    }

    private static int counted(long[] words, int from, int to, long mask, long wanted) {
        int at = from;
        while (at < to && (words[at] & mask) == wanted) {
            at++; // the loops above saw one that differs; another thread may have changed it since
        }
        return at - from;
    }

    /**
     * How many entries are there before the first that is empty.
     *
     * @param spread how far apart the two bits are of which one says that an entry is there
     */
    static int present(long[] words, int from, int to, int spread) {
        long all = -1;
        int at = from;
        for (int rounds = from + (to - from & ~3); at < rounds; at += 4) {
            long a = words[at];
            long b = words[at + 1];
            long c = words[at + 2];
            long d = words[at + 3];
            all &= (a | a >>> spread) & (b | b >>> spread) & (c | c >>> spread) & (d | d >>> spread);
        }
        for (; at < to; at++) {
            all &= words[at] | words[at] >>> spread;
        }
        if ((all & 1) != 0) {
            return to - from;
        }
        at = from;
        while (at < to && ((words[at] | words[at] >>> spread) & 1) != 0) {
            at++;
        }
        return at - from;
    }

    static void clear(long[] words, int from, int to) {
        if (to - from >= LONG) {
            Arrays.fill(words, from, to, 0);
            return;
        }
        int at = from;
        for (int rounds = from + (to - from & ~3); at < rounds; at += 4) {
            words[at] = 0;
            words[at + 1] = 0;
            words[at + 2] = 0;
            words[at + 3] = 0;
        }
        for (; at < to; at++) {
            words[at] = 0;
        }
    }
}
