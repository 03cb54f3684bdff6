package org.sluice.smmuv3.driver;

import org.sluice.spi.memory.PhysicalMemory;

/**
 * Rewrites a stream table entry or context descriptor that the SMMU may be reading, so that it sees the old or the new one
 * wherever that is possible. The SMMU reads 64-bit words, at any time and in any order; only an invalidation that is synced
 * makes it look again. So the words are written in passes with an invalidation after each: bits that the old entry ignores
 * first, then the one word that turns old into new, then what only the old entry used. Where two words would have to change
 * at the same moment, the entry is made invalid in between. Follows Linux's {@code arm_smmu_write_entry}.
 *
 * <p>One thread at a time per entry.
 */
final class EntryWriter {
    private static final int WORDS = 8;

    private final PhysicalMemory memory;
    private final UsedBits bits;

    EntryWriter(PhysicalMemory memory, UsedBits bits) {
        this.memory = memory;
        this.bits = bits;
    }

    /**
     * Reads an entry.
     *
     * @param memory where
     * @param address physical address in bytes
     * @return its eight words
     */
    static long[] read(PhysicalMemory memory, long address) {
        long[] entry = new long[WORDS];
        for (int word = 0; word < WORDS; word++) {
            entry[word] = memory.read64(address + (long) word * Long.BYTES);
        }
        return entry;
    }

    /**
     * Makes an entry equal to a target.
     *
     * @param address physical address of the entry in bytes
     * @param target eight words
     * @param invalidate makes the SMMU forget the entry, and waits for that; called after each pass that changed memory
     */
    void write(long address, long[] target, Runnable invalidate) {
        long[] current = read(memory, address);
        long[] intermediate = new long[WORDS];
        int differing = 0;
        int critical = 0;
        long[] currentUsed = bits.used(current);
        long[] targetUsed = bits.used(target);
        long[] safe = bits.safe(current, target);
        for (int word = 0; word < WORDS; word++) {
            long busy = currentUsed[word] & ~safe[word];
            intermediate[word] = current[word] & busy | target[word] & ~busy;
            if ((intermediate[word] & targetUsed[word]) != (target[word] & targetUsed[word])) {
                differing++;
                critical = word;
            }
        }
        if (differing == 1) {
            intermediate[critical] = current[critical];
            pass(address, intermediate, 0, WORDS, invalidate);
            pass(address, target, critical, critical + 1, invalidate);
        } else if (differing > 1) {
            // Both entry kinds have V in word 0, so zero there is an invalid entry.
            pass(address, new long[WORDS], 0, 1, invalidate);
            pass(address, target, 1, WORDS, invalidate);
        }
        pass(address, target, 0, WORDS, invalidate);
    }

    private void pass(long address, long[] words, int from, int to, Runnable invalidate) {
        boolean changed = false;
        for (int word = from; word < to; word++) {
            long at = address + (long) word * Long.BYTES;
            if (memory.read64(at) != words[word]) {
                memory.write64Release(at, words[word]);
                changed = true;
            }
        }
        if (changed) {
            invalidate.run();
        }
    }
}
