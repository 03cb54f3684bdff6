package org.sluice.pgtable.amd;

import org.sluice.amd.arch.AmdPte;
import org.sluice.api.Prot;

/**
 * What the bits of an entry mean (linux-iommu.md section 2.3). FC, force coherent, is this format's {@link Prot#CACHE}; U
 * is never written, because no source says for which access it stands. {@link Prot#NOEXEC}, {@link Prot#MMIO} and
 * {@link Prot#PRIV} have no bits here.
 */
final class Pte {
    /** Bits that say what kind of entry it is. */
    static final long KIND = AmdPte.PR_MASK | AmdPte.NEXTLEVEL_MASK;

    private static final long ACCESS = AmdPte.IR_MASK | AmdPte.IW_MASK;

    private Pte() {}

    static boolean isPresent(long entry) {
        return (entry & AmdPte.PR_MASK) != 0;
    }

    /** Whether an entry of a level points to a table. */
    static boolean isTable(long entry, Level level) {
        long next = AmdPte.nextLevel(entry);
        return !level.isLast()
                && isPresent(entry)
                && next != AmdPte.NEXTLEVEL_LEAF
                && next != AmdPte.NEXTLEVEL_CODED_LEAF;
    }

    /** The entry of a level that points to a table, and restricts nothing below it. */
    static long table(long address, Level level) {
        return address | (long) level.number << AmdPte.NEXTLEVEL_LSB | ACCESS | AmdPte.PR_MASK;
    }

    /** Address of the table that an entry points to. */
    static long tableAddress(long entry) {
        return entry & AmdPte.OUTPUTADDRESS_MASK;
    }

    /** log2 of the size of the leaf that is at an entry of a level; never less than an entry, or more than a table. */
    static int leafShift(long entry, Level level) {
        if (AmdPte.nextLevel(entry) != AmdPte.NEXTLEVEL_CODED_LEAF) {
            return level.shift;
        }
        // Below the lowest zero of the address stand the ones that code the size.
        int ones = Long.numberOfTrailingZeros(~(entry >>> Level.PAGE_SHIFT));
        int shift = Level.PAGE_SHIFT + 1 + ones;
        return Math.max(level.shift, Math.min(shift, level.shift + Level.INDEX_BITS - 1));
    }

    /** Address that a leaf of a size maps to. */
    static long leafAddress(long entry, int shift) {
        return entry & AmdPte.OUTPUTADDRESS_MASK & -1L << shift;
    }

    /** Bits for a protection; 0 when it grants nothing. */
    static long attributes(int prot) {
        long bits = (prot & Prot.READ) != 0 ? AmdPte.IR_MASK : 0;
        if ((prot & Prot.WRITE) != 0) {
            bits |= AmdPte.IW_MASK;
        }
        return bits != 0 && (prot & Prot.CACHE) != 0 ? bits | AmdPte.FC_MASK : bits;
    }

    /** What an entry grants, as {@link Prot} bits. */
    static int prot(long entry) {
        return ((entry & AmdPte.IR_MASK) != 0 ? Prot.READ : 0)
                | ((entry & AmdPte.IW_MASK) != 0 ? Prot.WRITE : 0)
                | ((entry & AmdPte.FC_MASK) != 0 ? Prot.CACHE : 0);
    }

    /** Whether a table restricts nothing below it. */
    static boolean grantsAll(long entry) {
        return (entry & ACCESS) == ACCESS;
    }

    static boolean isDirty(long entry) {
        return (entry & AmdPte.D_MASK) != 0;
    }

    static long clean(long entry) {
        return entry & ~AmdPte.D_MASK;
    }
}
