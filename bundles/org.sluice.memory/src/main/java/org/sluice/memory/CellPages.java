package org.sluice.memory;

/**
 * Pages that are handed out in cells of 64 bytes, for small tables: 64 cells a page, so one {@code long} says which are in
 * use and another where a piece starts. Pieces are powers of two and aligned to their size. Not thread-safe.
 */
final class CellPages {
    static final int CELL_SHIFT = 6;
    static final int LARGEST_ORDER = 5;

    /** By order: ones where an aligned run may start. */
    private static final long[] STARTS = {
        -1L, 0x5555555555555555L, 0x1111111111111111L, 0x0101010101010101L, 0x0001000100010001L, 0x0000000100000001L
    };

    private static final int GROUP_SHIFT = 9;

    private final PageBlocks blocks;
    private final FreeBits[] roomy = new FreeBits[LARGEST_ORDER + 1];
    private final long[][] used;
    private final long[][] heads;

    CellPages(PageBlocks blocks) {
        this.blocks = blocks;
        for (int order = 0; order <= LARGEST_ORDER; order++) {
            roomy[order] = new FreeBits(blocks.pages());
        }
        int groups = (blocks.pages() >>> GROUP_SHIFT) + 1;
        used = new long[groups][];
        heads = new long[groups][];
    }

    /**
     * Takes cells.
     *
     * @param order log2 of the cells
     * @param alignment bytes, a power of two
     * @param last last address that they may have, inclusive
     * @return physical address in bytes; -1 when there is no room
     */
    long take(int order, long alignment, long last) {
        int pageAlignment = Math.max(0, Long.numberOfTrailingZeros(alignment) - PageBlocks.PAGE_SHIFT);
        int need = Math.max(order, Math.min(LARGEST_ORDER, Long.numberOfTrailingZeros(alignment) - CELL_SHIFT));
        boolean insidePage = Long.numberOfTrailingZeros(alignment) < PageBlocks.PAGE_SHIFT;
        int page = insidePage ? roomy[need].first() : -1;
        if (page < 0 || Long.compareUnsigned(blocks.address(page) + (1L << PageBlocks.PAGE_SHIFT) - 1, last) > 0) {
            page = blocks.take(0, pageAlignment, last);
            if (page < 0) {
                return -1;
            }
            blocks.markSplit(page);
        }
        int cell = Long.numberOfTrailingZeros(runs(used(page), need));
        long[] usedGroup = group(used, page);
        usedGroup[index(page)] |= mask(cell, order);
        group(heads, page)[index(page)] |= 1L << cell;
        noteRoom(page);
        return blocks.address(page) + ((long) cell << CELL_SHIFT);
    }

    /** Whether cells are in use as one piece of this order. */
    boolean isHead(int page, int cell, int order) {
        if ((group(heads, page)[index(page)] & 1L << cell) == 0) {
            return false;
        }
        long ends = (group(heads, page)[index(page)] | ~used(page)) >>> cell >>> 1;
        int cells = Math.min(Long.numberOfTrailingZeros(ends) + 1, 64 - cell);
        return cells == 1 << order;
    }

    /** Gives cells back, and their page when it was the last piece. */
    void giveBack(int page, int cell, int order) {
        group(used, page)[index(page)] &= ~mask(cell, order);
        group(heads, page)[index(page)] &= ~(1L << cell);
        if (used(page) == 0) {
            for (FreeBits pages : roomy) {
                pages.remove(page);
            }
            blocks.giveBack(page, 0);
        } else {
            noteRoom(page);
        }
    }

    private void noteRoom(int page) {
        for (int order = 0; order <= LARGEST_ORDER; order++) {
            if (runs(used(page), order) != 0) {
                roomy[order].add(page);
            } else {
                roomy[order].remove(page);
            }
        }
    }

    /** Ones where an aligned run of free cells of an order starts. */
    private static long runs(long used, int order) {
        long runs = ~used;
        for (int half = 0; half < order; half++) {
            runs &= runs >>> (1 << half);
        }
        return runs & STARTS[order];
    }

    private static long mask(int cell, int order) {
        return (1L << (1 << order)) - 1 << cell;
    }

    private long used(int page) {
        return group(used, page)[index(page)];
    }

    private static long[] group(long[][] groups, int page) {
        int group = page >>> GROUP_SHIFT;
        if (groups[group] == null) {
            groups[group] = new long[1 << GROUP_SHIFT];
        }
        return groups[group];
    }

    private static int index(int page) {
        return page & (1 << GROUP_SHIFT) - 1;
    }
}
