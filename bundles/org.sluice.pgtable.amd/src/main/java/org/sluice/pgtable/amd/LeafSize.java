package org.sluice.pgtable.amd;

import org.sluice.amd.arch.AmdPte;

/**
 * A size of leaves: any power of two from 4K. A size that no entry covers by itself is in several entries that are all the
 * same, and its low address bits, which the alignment leaves free, are ones that code it: size / 4K / 2 - 1. Immutable.
 */
final class LeafSize {
    final int shift;
    /** Where its entries are. */
    final Level level;
    /** Entries of a leaf, a power of two. */
    final int replicas;
    /** Bits of every leaf of this size, beside address and attributes. */
    final long code;
    /** Bits by which a leaf of this size is told from any other entry of its level. */
    final long mask;

    LeafSize(int shift) {
        this.shift = shift;
        level = Level.of((shift - Level.PAGE_SHIFT) / Level.INDEX_BITS);
        replicas = 1 << shift - level.shift;
        if (replicas == 1) {
            code = AmdPte.NEXTLEVEL_LEAF << AmdPte.NEXTLEVEL_LSB | AmdPte.PR_MASK;
            mask = Pte.KIND;
        } else {
            long ones = (1L << shift - 1) - (1L << Level.PAGE_SHIFT);
            code = ones | AmdPte.NEXTLEVEL_CODED_LEAF << AmdPte.NEXTLEVEL_LSB | AmdPte.PR_MASK;
            mask = Pte.KIND | (1L << shift) - (1L << Level.PAGE_SHIFT);
        }
    }

    long bytes() {
        return 1L << shift;
    }
}
