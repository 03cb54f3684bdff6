package org.sluice.pgtable.riscv;

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

    /** Ranges of equal entries. */
    static void fillGroups(long[] words, int from, int to, long first, long step) {
        long entry = first;
        for (int at = from; at < to; at += EntryCode.GROUP_ENTRIES) {
            Arrays.fill(words, at, at + EntryCode.GROUP_ENTRIES, entry);
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
        while (((words[at] ^ wanted) & mask) == 0) {
            at++;
        }
        return at - from;
    }
}
