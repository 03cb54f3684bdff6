package org.sluice.pgtable.x86;

import org.sluice.api.LeafVisitor;

/** One visit to the leaves of a range, in ascending order; reads tables as it comes to them. */
final class LeafWalk {
    private final Tables tables;
    private final Geometry geometry;
    private final EntryCode code;
    private final LeafAttributes attributes;
    private final long from;
    private final long to;
    private final LeafVisitor visitor;

    /** A walk over the leaves that have a byte in a range of IOVAs, both ends inclusive. */
    LeafWalk(Tables tables, LeafAttributes attributes, long from, long to, LeafVisitor visitor) {
        this.tables = tables;
        this.geometry = tables.geometry;
        this.code = tables.code;
        this.attributes = attributes;
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
            long entry = tables.words.load(table + 8L * i);
            if (!code.isPresent(entry)) {
                continue;
            }
            long iova = geometry.iova(level, base, i);
            long bytes = level.bytes();
            if (Long.compareUnsigned(iova, to) > 0) {
                return false;
            }
            if (Long.compareUnsigned(iova + bytes - 1, from) >= 0) {
                boolean further = code.isTable(entry, level)
                        ? visit(code.address(entry), geometry.below(level), iova)
                        : visitor.leaf(iova, code.address(entry), bytes, entry, attributes.prot(entry));
                if (!further) {
                    return false;
                }
            }
        }
        return true;
    }
}
