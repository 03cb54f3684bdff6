package org.sluice.tck;

import java.util.ArrayList;
import java.util.List;
import org.sluice.spi.pgtable.PageTable;

/** The leaves of a walk, merged: neighbours that map on to neighbours with one protection are one range. */
final class MergedRanges {
    /** A range that one line of a listing would show. */
    record Range(long iova, long paddr, long bytes, int prot) {
        private boolean goesOn(long nextIova, long nextPaddr, int nextProt) {
            return iova + bytes == nextIova && paddr + bytes == nextPaddr && prot == nextProt;
        }
    }

    private MergedRanges() {}

    /** Merges what a walk sees from some IOVA to another, inclusive. */
    static List<Range> of(PageTable table, long first, long last) {
        List<Range> ranges = new ArrayList<>();
        table.walk(first, last, (iova, paddr, size, descriptor, prot) -> {
            int top = ranges.size() - 1;
            if (top >= 0 && ranges.get(top).goesOn(iova, paddr, prot)) {
                Range before = ranges.get(top);
                ranges.set(top, new Range(before.iova, before.paddr, before.bytes + size, prot));
            } else {
                ranges.add(new Range(iova, paddr, size, prot));
            }
            return true;
        });
        return ranges;
    }
}
