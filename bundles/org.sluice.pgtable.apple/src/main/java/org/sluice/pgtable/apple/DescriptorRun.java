package org.sluice.pgtable.apple;

import java.util.Arrays;

/**
 * Loops over descriptors that lie next to each other. Four words a round, counted up to a bound that is fixed before the
 * loop: the form that keeps the compiler from a bounds check a word.
 */
final class DescriptorRun {
    private DescriptorRun() {}

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
        long descriptor = first;
        int at = from;
        for (int rounds = from + (to - from & ~3); at < rounds; at += 4) {
            words[at] = descriptor;
            words[at + 1] = descriptor + step;
            words[at + 2] = descriptor + 2 * step;
            words[at + 3] = descriptor + 3 * step;
            descriptor += 4 * step;
        }
        for (; at < to; at++) {
            words[at] = descriptor;
            descriptor += step;
        }
    }

    /** How many valid descriptors there are before the first other one. */
    static int valid(long[] words, int from, int to) {
        long all = -1;
        int at = from;
        for (int rounds = from + (to - from & ~3); at < rounds; at += 4) {
            all &= words[at] & words[at + 1] & words[at + 2] & words[at + 3];
        }
        for (; at < to; at++) {
            all &= words[at];
        }
        if (Tables.isValid(all)) {
            return to - from;
        }
        at = from;
        while (at < to && Tables.isValid(words[at])) {
            at++;
        }
        return at - from;
    }

    static void clear(long[] words, int from, int to) {
        Arrays.fill(words, from, to, 0);
    }
}
