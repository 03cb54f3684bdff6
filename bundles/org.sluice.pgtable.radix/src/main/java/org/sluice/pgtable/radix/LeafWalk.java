package org.sluice.pgtable.radix;

/** One visit to the leaves of a range, in ascending order; reads tables as it comes to them. */
final class LeafWalk {
    /** Sees leaves and where they stand. */
    interface Visitor {
        /**
         * A leaf.
         *
         * @param at address of its first entry
         * @param iova its first IOVA
         * @param bytes its size
         * @param entry its first entry
         * @return false to stop
         */
        boolean leaf(long at, long iova, long bytes, long entry);
    }

    private final Tables tables;
    private final Geometry geometry;
    private final EntryCode code;
    private final long from;
    private final long to;
    private final Visitor visitor;

    /** A walk over the leaves that have a byte in a range of IOVAs, both ends inclusive. */
    LeafWalk(Tables tables, long from, long to, Visitor visitor) {
        this.tables = tables;
        this.geometry = tables.geometry;
        this.code = tables.code;
        this.from = from;
        this.to = to;
        this.visitor = visitor;
    }

    void walk() {
        visit(tables.root, geometry.top, 0);
    }

    /**
     * Visits a table.
     *
     * @param base first IOVA that the table covers
     * @return false to stop
     */
    private boolean visit(long table, Level level, long base) {
        for (int i = 0; i < Level.ENTRIES; i++) {
            long at = table + 8L * i;
            long entry = tables.words.load(at);
            if (!code.isPresent(entry)) {
                continue;
            }
            long iova = geometry.iova(level, base, i);
            long bytes = code.leafBytes(entry, level);
            if (Long.compareUnsigned(iova, to) > 0) {
                return false;
            }
            if (Long.compareUnsigned(iova + bytes - 1, from) >= 0) {
                boolean further = code.isTable(entry, level)
                        ? visit(code.address(entry), geometry.below(level), iova)
                        : visitor.leaf(at, iova, bytes, entry);
                if (!further) {
                    return false;
                }
            }
            i += code.leafEntries(entry) - 1;
        }
        return true;
    }
}
