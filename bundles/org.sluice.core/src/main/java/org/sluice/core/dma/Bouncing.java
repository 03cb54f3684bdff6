package org.sluice.core.dma;

import org.sluice.api.ScatterList;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * What an untrusted device gets instead of pages of which it may see only a part: the first and the last page of a buffer that
 * does not begin or end at a page boundary. The pages between are its own. Any thread may call it.
 */
final class Bouncing {
    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private volatile BouncePages pages; // made when the first is needed; a device meets one granule in its life

    Bouncing(PhysicalMemory memory, PageAllocator allocator) {
        this.memory = memory;
        this.allocator = allocator;
    }

    private synchronized BouncePages pages(long granule) {
        if (pages == null || pages.size() != granule && pages.inUse() == 0) {
            pages = new BouncePages(memory, allocator, granule);
        }
        return pages;
    }

    /** The pages to map for a buffer, in order. */
    ScatterList pieces(long granule, long paddr, long size) {
        BouncePages pool = pages(granule);
        ScatterList pieces = new ScatterList();
        long end = paddr + size;
        long at = paddr;
        try {
            if ((at & granule - 1) != 0 || size < granule) {
                long part = Math.min(size, granule - (at & granule - 1));
                pieces.add(pool.take(at, (int) part), granule);
                at += part;
            }
            long whole = end - at & -granule;
            if (whole != 0) {
                pieces.add(at, whole);
                at += whole;
            }
            if (at != end) {
                pieces.add(pool.take(at, (int) (end - at)), granule);
            }
        } catch (RuntimeException failed) {
            release(granule, pieces);
            throw failed;
        }
        return pieces;
    }

    /** Gives the bounce pages of a buffer back that was not mapped after all. */
    void release(long granule, ScatterList pieces) {
        for (int i = 0; i < pieces.size(); i++) {
            if (pieces.length(i) == granule && pages.holds(pieces.address(i))) {
                pages.give(pieces.address(i));
            }
        }
    }

    /** A buffer was unmapped: its first and last page, which may be the same. */
    void finish(long granule, long head, long tail, boolean copyBack) {
        finish(granule, head, copyBack);
        if (tail != head) {
            finish(granule, tail, copyBack);
        }
    }

    private void finish(long granule, long page, boolean copyBack) {
        BouncePages pool = pages;
        if (pool != null && page != 0 && pool.holds(page)) {
            if (copyBack) {
                pool.sync(page, 0, granule, true);
            }
            pool.give(page);
        }
    }

    /** Copies between buffer and bounce pages while the buffer stays mapped. */
    void sync(DmaDomain domain, long address, long size, boolean back) {
        BouncePages pool = pages;
        if (pool == null) {
            return;
        }
        long granule = domain.granule();
        long first = address & -granule;
        long last = address + size - 1 & -granule;
        sync(pool, domain, first, address - first, Math.min(size, granule - (address - first)), back);
        if (last != first) {
            sync(pool, domain, last, 0, address + size - last, back);
        }
    }

    private static void sync(BouncePages pool, DmaDomain domain, long iova, long from, long size, boolean back) {
        long page = domain.space().iovaToPhys(iova);
        if (page != 0 && pool.holds(page)) {
            pool.sync(page, from, size, back);
        }
    }

    int pagesInUse() {
        BouncePages pool = pages;
        return pool == null ? 0 : pool.inUse();
    }
}
