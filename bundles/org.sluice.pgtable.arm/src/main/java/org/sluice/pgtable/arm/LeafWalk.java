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
            long entry = table + 8 * i;
            long descriptor = tables.words.load(entry);
            if ((descriptor & 1) == 0) {
                continue;
            }
            long iova = base + (i << shift);
            long address = tables.granule.decode(descriptor);
            boolean further = !level.last && Tables.isTable(descriptor)
                    ? visit(address, geometry.below(level), iova, from, to)
                    : visitor.leaf(entry, level, iova, address, descriptor);
            if (!further) {
                return false;
            }
        }
        return true;
    }
}
