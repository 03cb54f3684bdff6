package org.sluice.pgtable.radix;

import java.util.Arrays;

/**
 * Loops over entries that lie next to each other. Four words a round, counted up to a bound that is fixed before the loop:
 * the form that keeps the compiler from a bounds check a word.
 */
final class EntryRun {
    private EntryRun() {}

    static long or(long[] words, int from, int to) {
        long a = 0;
        long b = 0;
        int at = from;
        for (int rounds = from + (to - from & ~3); at < rounds; at += 4) {
            a |= words[at] | words[at + 1];
            b |= words[at + 2] | words[at + 3];
        }
        for (; at < to; at++) {
            a |= words[at];
        }
        return a | b;
    }

    static void fill(long[] words, int from, int to, long first, long step) {
        long entry = first;
        int at = from;
        for (int rounds = from + (to - from & ~3); at < rounds; at += 4) {
            words[at] = entry;
            words[at + 1] = entry + step;
            words[at + 2] = entry + 2 * step;
            words[at + 3] = entry + 3 * step;
            entry += 4 * step;
        }
        for (; at < to; at++) {
            words[at] = entry;
            entry += step;
        }
    }

    /** Leaves of several equal entries each. */
    static void repeat(long[] words, int from, int to, long first, long step, int replicas) {
        long entry = first;
        for (int at = from; at < to; at += replicas) {
            Arrays.fill(words, at, at + replicas, entry);
            entry += step;
        }
    }

    /** How many entries have exactly the wanted ones of some bits, before the first that does not. */
    static int matching(long[] words, int from, int to, long mask, long wanted) {
        long differ = 0;
        int at = from;
        for (int rounds = from + (to - from & ~3); at < rounds; at += 4) {
            differ |= words[at] ^ wanted | words[at + 1] ^ wanted | words[at + 2] ^ wanted | words[at + 3] ^ wanted;
        }
        for (; at < to; at++) {
            differ |= words[at] ^ wanted;
        }
        if ((differ & mask) == 0) {
            return to - from;
        }
        at = from;
        while (at < to && ((words[at] ^ wanted) & mask) == 0) {
            at++; // the loop above saw one that differs; another thread may have changed it since
        }
        return at - from;
    }

    /**
     * How many entries are there before the first that is empty.
     *
     * @param spread how far apart the two bits are of which one says that an entry is there; 0 if bit 0 alone does
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
}
