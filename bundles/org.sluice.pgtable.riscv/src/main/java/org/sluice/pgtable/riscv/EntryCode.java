package org.sluice.pgtable.riscv;

import org.sluice.riscv.arch.Napot64k;
import org.sluice.riscv.arch.Pte;

/** How an entry says what it is and where it points. Pure functions; what a leaf grants is {@link SvAttributes}' business. */
final class EntryCode {
    /** A pointer to the next level has this and an address, nothing else. */
    static final long TABLE = Pte.V_MASK;

    /** log2 of the entries that map one 64K range together. */
    static final int GROUP_SHIFT = 4;

    static final int GROUP_ENTRIES = 1 << GROUP_SHIFT;

    /** Bytes of such a range. */
    static final long GROUP_BYTES = GROUP_ENTRIES * Level.TABLE_BYTES;

    /** What the entries of a range carry beside those of a page. */
    static final long GROUP = Napot64k.N_MASK | Napot64k.SIZE64K_MASK;

    /** Address bit n stands in bit n - 2. */
    private static final int ADDRESS_SHIFT = Level.PAGE_SHIFT - Pte.PPN_LSB;

    private EntryCode() {}

    static boolean isPresent(long entry) {
        return (entry & Pte.V_MASK) != 0;
    }

    static boolean isTable(long entry, Level level) {
        return !level.last && (entry & (Pte.V_MASK | Pte.RWX_MASK)) == Pte.V_MASK;
    }

    static boolean isLeaf(long entry) {
        return (entry & Pte.V_MASK) != 0 && (entry & Pte.RWX_MASK) != 0;
    }

    /** Whether a leaf is one of a range of 64K. */
    static boolean isGrouped(long entry) {
        return (entry & Pte.N_MASK) != 0;
    }

    /** Address bits of an entry for an address that is aligned to a page. */
    static long encode(long address) {
        return address >>> ADDRESS_SHIFT & Pte.PPN_MASK;
    }

    /** The address in an entry that points to a page, a larger leaf or a table, and is none of a range. */
    static long decode(long entry) {
        return (entry & Pte.PPN_MASK) << ADDRESS_SHIFT;
    }

    /** Where a leaf begins in physical memory; for one of a range, where the range does. */
    static long leafAddress(long entry) {
        return isGrouped(entry) ? (entry & Napot64k.FRAME_MASK) << ADDRESS_SHIFT : decode(entry);
    }

    /** Bytes that a leaf maps, with those it is grouped with. */
    static long leafBytes(long entry, Level level) {
        return isGrouped(entry) ? GROUP_BYTES : level.bytes();
    }
}
