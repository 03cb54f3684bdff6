package org.sluice.pgtable.amd;

import org.sluice.pgtable.radix.TableWords;

/** One visit to the leaves of a range, in ascending order; reads tables as it comes to them. */
final class TreeWalk {
    /** Sees what is in the tree. */
    interface Visitor {
        /**
         * A leaf, once for all its entries.
         *
         * @param at address of its first entry
         * @param iova first IOVA that it maps
         * @param shift log2 of its size
         * @param level of its entries
         * @param entry one of them
         * @return false to stop
         */
        boolean leaf(long at, long iova, int shift, Level level, long entry);

        /** A table, before what is in it. */
        default void table() {}
    }

    private final TableWords words;
    private final Visitor visitor;

    TreeWalk(TableWords words, Visitor visitor) {
        this.words = words;
        this.visitor = visitor;
    }

    /** Visits leaves that have a byte in a range, whose end is inclusive. */
    void walk(long top, long from, long to) {
        visit(Tables.root(top), Tables.topLevel(top), 0, from, to);
    }

    private boolean visit(long table, Level level, long base, long from, long to) {
        visitor.table();
        long first = Long.compareUnsigned(from, base) > 0 ? from - base >>> level.shift : 0;
        long end = Math.min(Level.ENTRIES - 1, to - base >>> level.shift);
        int replicas = 1;
        for (long i = first; i <= end; i += replicas) {
            replicas = 1;
            long entry = words.load(table + 8 * i);
            if (!Pte.isPresent(entry)) {
                continue;
            }
            boolean further;
            if (Pte.isTable(entry, level)) {
                further = visit(Pte.tableAddress(entry), level.below(), base + (i << level.shift), from, to);
            } else {
                int shift = Pte.leafShift(entry, level);
                replicas = 1 << shift - level.shift;
                i &= -replicas;
                further = visitor.leaf(table + 8 * i, base + (i << level.shift), shift, level, entry);
            }
            if (!further) {
                return false;
            }
        }
        return true;
    }
}
