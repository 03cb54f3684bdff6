package org.sluice.pgtable.arm;

import java.util.Arrays;
import org.sluice.vmsa.arch.Stage1Leaf;

/**
 * Loops over descriptors that lie next to each other: several words a round, each with an accumulator of its own, counted up
 * to a bound that is fixed before the loop. That form keeps the compiler from a bounds check a word, and the processor from
 * waiting for the last result.
 *
 * <p>Each word is stored once and not read back: what another thread stored in between, against the rules, must not become
 * a descriptor with an address that nobody asked for.
 */
final class DescriptorRun {
    /** Type bits of any descriptor. */
    static final long TYPE = Stage1Leaf.TYPE_MASK;

    /** Type of a leaf above the last level. */
    static final long BLOCK = Stage1Leaf.TYPE_BLOCK;

    /** Words from which a call of the library pays. */
    private static final int LONG = 64;

    private DescriptorRun() {}

    static long or(long[] words, int from, int to) {
        long a = 0;
        long b = 0;
        int at = from;
        for (int rounds = from + (to - from & ~7); at < rounds; at += 8) {
            a |= words[at] | words[at + 1] | words[at + 2] | words[at + 3];
            b |= words[at + 4] | words[at + 5] | words[at + 6] | words[at + 7];
        }
        for (; at < to; at++) {
            a |= words[at];
        }
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
        long descriptor = first;
        int at = from;
        for (int rounds = from + (to - from & ~7); at < rounds; at += 8) {
            words[at] = descriptor;
            words[at + 1] = descriptor + step;
            words[at + 2] = descriptor + 2 * step;
            words[at + 3] = descriptor + 3 * step;
            words[at + 4] = descriptor + 4 * step;
            words[at + 5] = descriptor + 5 * step;
            words[at + 6] = descriptor + 6 * step;
            words[at + 7] = descriptor + 7 * step;
            descriptor += 8 * step;
        }
        for (; at < to; at++) {
            words[at] = descriptor;
            descriptor += step;
        }
    }

    /**
     * How many descriptors of a kind there are before the first other one.
     *
     * @param kind the bits of the mask that they have
     * @param mask bits that tell kinds apart
     */
    static int ofKind(long[] words, int from, int to, long kind, long mask) {
        // A bit that is 1 in the AND of all is 1 in each, and one operation a word less than any comparison.
        boolean all =
                kind == mask ? (and(words, from, to) & mask) == mask : (differences(words, from, to, kind) & mask) == 0;
        return all ? to - from : counted(words, from, to, kind, mask);
    }

    private static long differences(long[] words, int from, int to, long kind) {
        long a = 0;
        long b = 0;
        int at = from;
        for (int rounds = from + (to - from & ~3); at < rounds; at += 4) {
            a |= words[at] ^ kind | words[at + 1] ^ kind;
            b |= words[at + 2] ^ kind | words[at + 3] ^ kind;
        }
        for (; at < to; at++) {
            a |= words[at] ^ kind;
        }
        return a | b;
    }

    private static int counted(long[] words, int from, int to, long kind, long mask) {
        int at = from;
        while (at < to && (words[at] & mask) == kind) {
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
