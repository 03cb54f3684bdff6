package org.sluice.smmuv3.driver;

/**
 * The TLBI commands of one ASID or VMID. Any thread; nothing here allocates. None of these methods waits for the invalidation.
 *
 * <p>With range invalidation (IDR3.RIL) a range becomes a few commands, each for {@code (NUM + 1) << SCALE} pages; without
 * it, one command a leaf. Either way a range that would take longer than dropping the whole tag drops that: more than is
 * asked for, never less.
 */
final class TlbInvalidation {
    /** Values that NUM can hold, less one of them stored. */
    private static final int MAX_NUM = 31;

    /** Ranges of this many pages and more are not worth distinguishing from the whole tag. */
    private static final int WHOLE_LOG2 = 32;

    private final CommandQueue queue;
    private final boolean ranges;
    private final TlbTag tag;

    TlbInvalidation(CommandQueue queue, boolean ranges, TlbTag tag) {
        this.queue = queue;
        this.ranges = ranges;
        this.tag = tag;
    }

    /** Queues the invalidation of the whole tag. */
    void all() {
        queue.submit(tag.everything(), 0);
    }

    /**
     * Queues the invalidation of a range.
     *
     * @param iova bytes, any alignment
     * @param size bytes, above 0
     * @param granule size in bytes of the smallest leaf in it; leaves that are larger lie in it whole. A contiguous group counts
     *     by its members: a TLB need not keep them as one
     * @param leafOnly whether walk caches may keep what they have
     * @param pageShift log2 of the table's smallest page in bytes
     */
    void range(long iova, long size, long granule, boolean leafOnly, int pageShift) {
        if (queue.isSuspended()) {
            return;
        }
        long page = 1L << pageShift;
        long offset = iova & page - 1;
        long pages = (size + offset + page - 1) >>> pageShift;
        long leaf = granule <= page ? page : member(granule, pageShift);
        if (ranges) {
            if (pages == 0 || pages >>> WHOLE_LOG2 != 0) {
                all();
            } else {
                int level = leafOnly ? hint(iova - offset, pages << pageShift, leaf, pageShift) : 0;
                byRange(iova - offset, pages, leafOnly, pageShift, level);
            }
        } else {
            byLeaf(iova, size, leaf, leafOnly, pageShift);
        }
    }

    /** Size of one descriptor's leaf, where a leaf may be a group of them. */
    private static long member(long leafBytes, int pageShift) {
        int bits = pageShift - 3;
        int levels = (Long.numberOfTrailingZeros(leafBytes) - pageShift) / bits;
        return 1L << pageShift + levels * bits;
    }

    /** Level of the tables that holds leaves of a size: 3 for the smallest, 0 for none. */
    static int level(long leafBytes, int pageShift) {
        return Math.max(0, 4 - (Long.numberOfTrailingZeros(leafBytes) - 3) / (pageShift - 3));
    }

    /**
     * The level that holds every leaf of a range, as a hint; 0 when there may be others. The SMMU may keep what another
     * level holds, so a range that has room for a larger leaf gets no hint. (Linux's ranges never mix sizes, and it gives
     * the hint always.)
     */
    private static int hint(long iova, long size, long granule, int pageShift) {
        long larger = granule << pageShift - 3;
        long before = -iova & larger - 1;
        boolean mayMix = size >= larger && size - larger >= before;
        int level = level(granule, pageShift);
        return mayMix && level > 1 ? 0 : level;
    }

    private void byRange(long iova, long pages, boolean leafOnly, int pageShift, int level) {
        // One page at SCALE 0 without a level is an illegal encoding, and so is what is left over of 32 n + 1 pages:
        // take
        // one page more. A hint at the level makes it legal.
        long left = level == 0 && (pages & MAX_NUM) == 1 ? pages + 1 : pages;
        long tg = (pageShift - 10) / 2;
        long at = iova;
        while (left != 0) {
            int tail = queue.batchTail();
            int count = Math.min(commands(left), queue.batchLimit());
            long position = queue.claim(count + tail);
            for (int i = 0; i < count; i++) {
                int scale = Long.numberOfTrailingZeros(left);
                long num = left >>> scale & MAX_NUM;
                queue.put(position + i, tag.range(num - 1, scale), tag.address(at, leafOnly, tg, level));
                at += num << scale + pageShift;
                left -= num << scale;
            }
            queue.publishBatch(position, count, tail);
        }
    }

    private static int commands(long pages) {
        int count = 0;
        for (long left = pages; left != 0; count++) {
            int scale = Long.numberOfTrailingZeros(left);
            left -= (left >>> scale & MAX_NUM) << scale;
        }
        return count;
    }

    private void byLeaf(long iova, long size, long leaf, boolean leafOnly, int pageShift) {
        long offset = iova & leaf - 1;
        long leaves = (size + offset + leaf - 1) / leaf;
        // As many commands as a table has descriptors: from there on Linux drops the tag too.
        if (size < 0 || leaves >= 1L << pageShift - 3) {
            all();
            return;
        }
        long at = iova - offset;
        for (long left = leaves; left != 0; ) {
            int tail = queue.batchTail();
            int count = (int) Math.min(left, queue.batchLimit());
            long position = queue.claim(count + tail);
            for (int i = 0; i < count; i++) {
                queue.put(position + i, tag.range(0, 0), tag.address(at, leafOnly, 0, 0));
                at += leaf;
            }
            queue.publishBatch(position, count, tail);
            left -= count;
        }
    }
}
