package org.sluice.pgtable.arm;

/** One visit to the leaves of a range, in ascending order; reads tables as it comes to them. */
final class LeafWalk {
    private final Tables tables;
    private final Geometry geometry;
    private final EntryVisitor visitor;

    LeafWalk(Tables tables, EntryVisitor visitor) {
        this.tables = tables;
        this.geometry = tables.geometry;
        this.visitor = visitor;
    }

    /** Visits leaves that have a byte in a range. */
    void walk(long firstIova, long from, long to) {
        visit(tables.root, geometry.top, firstIova, from, to);
    }

    /**
     * Visits a table.
     *
     * @param base first IOVA that the table covers
     * @return false to stop
     */
    private boolean visit(long table, Level level, long base, long from, long to) {
        int shift = level.shift;
        long begin = Long.compareUnsigned(from, base) > 0 ? from - base >>> shift : 0;
        long end = Math.min(level.entries - 1, to - base >>> shift);
        for (long i = begin; i <= end; i++) {
            long descriptor = tables.words.load(table + 8 * i);
            if ((descriptor & 1) == 0) {
                continue;
            }
            boolean further;
            if (!level.last && Tables.isTable(descriptor)) {
                long below = tables.granule.decode(descriptor);
                further = visit(below, geometry.below(level), base + (i << shift), from, to);
            } else {
                LeafSize size = level.leaf;
                if (level.group != null && Tables.isMember(descriptor)) {
                    long start = i & -level.group.entries();
                    long first = tables.words.load(table + 8 * start);
                    // A group that somebody is unmapping or splitting at this moment is told entry by entry.
                    if (Tables.isMember(first)) {
                        size = level.group;
                        descriptor = first;
                        i = start;
                    }
                }
                long address = tables.granule.decode(descriptor);
                further = visitor.leaf(table + 8 * i, size, base + (i << shift), address, descriptor);
                i += size.entries() - 1;
            }
            if (!further) {
                return false;
            }
        }
        return true;
    }
}
