package org.sluice.memory;

import org.sluice.spi.memory.MemoryRegion;

/**
 * Blocks of 4 KiB to 1 GiB in a pool: a buddy system that takes the lowest block that fits. Pages are numbered from the
 * GiB boundary at or below the pool, so that a block's number is aligned when its address is. Not thread-safe.
 */
final class PageBlocks {
    static final int PAGE_SHIFT = 12;
    static final int LARGEST_ORDER = 18;

    /** Mark of a page that is handed out in cells. */
    static final int SPLIT = -1;

    private final long origin;
    private final FreeBits[] free = new FreeBits[LARGEST_ORDER + 1];
    /** For the first page of a block in use: its order + 1, or {@link #SPLIT}; else 0. */
    private final byte[] inUse;

    PageBlocks(MemoryRegion pool) {
        origin = pool.base() & -(1L << PAGE_SHIFT + LARGEST_ORDER);
        int pages = (int) ((pool.last() - origin >>> PAGE_SHIFT) + 1);
        inUse = new byte[pages];
        for (int order = 0; order <= LARGEST_ORDER; order++) {
            free[order] = new FreeBits((pages >>> order) + 1);
        }
        int page = (int) (pool.base() - origin >>> PAGE_SHIFT);
        while (page < pages) {
            int order = Math.min(Integer.numberOfTrailingZeros(page), LARGEST_ORDER);
            while (page + (1L << order) > pages) {
                order--;
            }
            free[order].add(page >>> order);
            page += 1 << order;
        }
    }

    /**
     * Takes a block.
     *
     * @param order log2 of its pages
     * @param alignment log2 of the pages to which it is aligned
     * @param last last address that it may have, inclusive
     * @return its first page; -1 when there is none
     */
    int take(int order, int alignment, long last) {
        for (int from = Math.max(order, alignment); from <= LARGEST_ORDER; from++) {
            int block = free[from].first();
            if (block >= 0 && fits(block << from, order, last)) {
                free[from].remove(block);
                return split(block << from, from, order);
            }
        }
        return -1;
    }

    private boolean fits(int page, int order, long last) {
        long end = address(page) + (1L << order + PAGE_SHIFT) - 1;
        return Long.compareUnsigned(end, last) <= 0;
    }

    private int split(int page, int from, int order) {
        for (int half = from - 1; half >= order; half--) {
            free[half].add((page >>> half) + 1);
        }
        inUse[page] = (byte) (order + 1);
        return page;
    }

    /** Marks a block of one page as handed out in cells. */
    void markSplit(int page) {
        inUse[page] = SPLIT;
    }

    /** Gives a block back and joins it with its free buddies. */
    void giveBack(int page, int order) {
        inUse[page] = 0;
        int block = page >>> order;
        int at = order;
        while (at < LARGEST_ORDER && hasBuddy(block ^ 1, at) && free[at].contains(block ^ 1)) {
            free[at].remove(block ^ 1);
            block >>>= 1;
            at++;
        }
        free[at].add(block);
    }

    private boolean hasBuddy(int buddy, int order) {
        return (long) buddy << order < inUse.length;
    }

    /** Whether a page is the first of a block in use of this order. */
    boolean isHead(int page, int order) {
        return inUse[page] == order + 1;
    }

    boolean isSplit(int page) {
        return inUse[page] == SPLIT;
    }

    /** Number of the page that holds an address; -1 outside the pool's pages. */
    int page(long address) {
        long page = address - origin >>> PAGE_SHIFT;
        return Long.compareUnsigned(page, inUse.length) < 0 ? (int) page : -1;
    }

    int pages() {
        return inUse.length;
    }

    long address(int page) {
        return origin + ((long) page << PAGE_SHIFT);
    }
}
