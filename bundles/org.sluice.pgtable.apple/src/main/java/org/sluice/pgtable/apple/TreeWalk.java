package org.sluice.pgtable.apple;

/** One visit to the leaves of a range, in ascending order; reads tables as it comes to them. */
final class TreeWalk {
    /** Sees what is in the tree. */
    interface Visitor {
        /**
         * A leaf.
         *
         * @return false to stop
         */
        boolean leaf(long iova, long entry);

        /** A table below the top ones, before what is in it. */
        default void table() {}
    }

    private final Tables tables;
    private final Visitor visitor;

    TreeWalk(Tables tables, Visitor visitor) {
        this.tables = tables;
        this.visitor = visitor;
    }

    /** Visits leaves that have a byte in a range, whose end is inclusive. */
    void walk(long from, long to) {
        visit(tables.root, tables.geometry.levels - 1, 0, from, to);
    }

    private boolean visit(long table, int level, long base, long from, long to) {
        int shift = tables.geometry.shift(level);
        long first = Math.max(0, from - base >> shift);
        long end = Math.min(tables.geometry.entries(level) - 1, to - base >> shift);
        for (long i = first; i <= end; i++) {
            long entry = tables.words.load(table + 8 * i);
            if (!Tables.isValid(entry)) {
                continue;
            }
            long iova = base + (i << shift);
            if (level > 0) {
                visitor.table();
            }
            boolean further = level > 0
                    ? visit(tables.dialect.decode(entry), level - 1, iova, from, to)
                    : visitor.leaf(iova, entry);
            if (!further) {
                return false;
            }
        }
        return true;
    }
}
