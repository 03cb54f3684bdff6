package org.sluice.pgtable.arm;

import java.util.Map;
import java.util.TreeSet;
import org.sluice.spi.pgtable.PageTableConfig;

/** What a page table of short descriptors must do: sixteen entries are one page size more of the same table. */
final class ShortOracle extends Oracle {
    private static final int PAGE = 12;
    private static final int SECTION = 20;

    private final int inputBits;

    ShortOracle(PageTableConfig config) {
        super(PAGE, config.inputBits(), SECTION);
        inputBits = config.inputBits();
    }

    @Override
    int cover(int sizeShift) {
        return sizeShift < SECTION ? SECTION : inputBits;
    }

    /** Sixteen entries that say the same are one leaf of its own size, also to a TLB. */
    @Override
    int entryShift(int sizeShift) {
        return sizeShift;
    }

    @Override
    long run(long at, long left, long target, int cover, long size) {
        return size;
    }

    /** Every entry must be a table or in a leaf that is not larger than what is removed. */
    @Override
    boolean remove(long at, int sizeShift) {
        long size = 1L << sizeShift;
        TreeSet<Long> sections = tables.get(SECTION);
        boolean inTable = sizeShift < SECTION;
        if (inTable && !sections.contains(at & -(1L << SECTION))) {
            return false;
        }
        long least = size;
        for (long entry = at; entry < at + size; entry += 1L << (inTable ? PAGE : SECTION)) {
            if (!inTable && sections.contains(entry)) {
                least = 1L << PAGE;
                continue;
            }
            Map.Entry<Long, Leaf> leaf = leaves.floorEntry(entry);
            if (leaf == null
                    || entry - leaf.getKey() >= leaf.getValue().size()
                    || leaf.getValue().size() > size) {
                return false;
            }
            least = Math.min(least, leaf.getValue().size());
        }
        smallest = Math.min(smallest, least);
        leaves.subMap(at, true, at + size - 1, true).clear();
        removeTables(at, size, sizeShift);
        return true;
    }
}
