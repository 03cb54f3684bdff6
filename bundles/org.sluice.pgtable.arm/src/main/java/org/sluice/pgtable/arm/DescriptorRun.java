package org.sluice.pgtable.arm;

import java.util.Arrays;
import org.sluice.vmsa.arch.Stage1Leaf;

/**
 * Loops over descriptors that lie next to each other. Four words a round, counted up to a bound that is fixed before the
 * loop: the form that keeps the compiler from a bounds check a word.
 */
final class DescriptorRun {
    /** Type bits of any descriptor. */
    static final long TYPE = Stage1Leaf.TYPE_MASK;

    /** Type of a leaf above the last level. */
    static final long BLOCK = Stage1Leaf.TYPE_BLOCK;

    /** Bits that tell leaves of one size from everything else at their level. */
    static final long KIND = TYPE | LeafSize.HINT;

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

    /** How many descriptors of a kind there are before the first other one. */
    static int ofKind(long[] words, int from, int to, long kind) {
        long differ = 0;
        int at = from;
        for (int rounds = from + (to - from & ~3); at < rounds; at += 4) {
            differ |= words[at] ^ kind | words[at + 1] ^ kind | words[at + 2] ^ kind | words[at + 3] ^ kind;
        }
        for (; at < to; at++) {
            differ |= words[at] ^ kind;
        }
        if ((differ & KIND) == 0) {
            return to - from;
        }
        at = from;
        while ((words[at] & KIND) == kind) {
            at++;
        }
        return at - from;
    }

    static void clear(long[] words, int from, int to) {
        Arrays.fill(words, from, to, 0);
    }
}
