package org.sluice.pgtable.arm;

import org.sluice.vmsa.arch.Stage1Leaf;

/**
 * A size that leaves may have: one entry of a level, or a contiguous group of them. Every member of a group has its own
 * descriptor with its own address, and the contiguous hint, which lets a TLB keep the group as one; so a group has the hint
 * on all members or on none, and equal attributes. Immutable.
 */
final class LeafSize {
    /** The hint; at the same place in every dialect and stage. */
    static final long HINT = Stage1Leaf.CONTIGUOUS_MASK;

    final Level level;
    /** log2 of the entries of one leaf. */
    final int entriesShift;
    /** log2 of the size in bytes. */
    final int shift;
    /** {@link #HINT} for a group, else 0. */
    final long hint;

    LeafSize(Level level, int entriesShift) {
        this.level = level;
        this.entriesShift = entriesShift;
        shift = level.shift + entriesShift;
        hint = entriesShift == 0 ? 0 : HINT;
    }

    long bytes() {
        return 1L << shift;
    }

    /** Entries of one leaf. */
    int entries() {
        return 1 << entriesShift;
    }

    boolean isGroup() {
        return entriesShift != 0;
    }
}
