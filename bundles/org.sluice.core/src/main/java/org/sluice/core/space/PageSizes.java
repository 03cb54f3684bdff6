package org.sluice.core.space;

/**
 * Chooses page sizes as Linux's {@code iommu_pgsize} does: the largest that size and alignment allow, and as many of them
 * as bring the run to the boundary of the next larger one where that one pays. Two functions instead of one that returns a
 * pair, so that nothing is allocated. All arguments are unsigned.
 */
final class PageSizes {
    private PageSizes() {}

    /**
     * Largest page for the start of a run.
     *
     * @param bitmap supported sizes, not empty
     * @param addresses IOVA and physical address combined with OR, a multiple of the smallest size
     * @param size bytes left, at least the smallest size
     * @return page size in bytes
     */
    static long largest(long bitmap, long addresses, long size) {
        long bySize = -1L >>> Long.numberOfLeadingZeros(size);
        // Ones up to and with the alignment bit; for bit 63 the shift leaves 0, and 0 - 1 is all ones, as it should be.
        long byAlignment = addresses == 0 ? -1L : (Long.lowestOneBit(addresses) << 1) - 1;
        return Long.highestOneBit(bitmap & bySize & byAlignment);
    }

    /**
     * How many such pages before it is worth to go on with larger ones.
     *
     * @param bitmap supported sizes
     * @param pgsize chosen by {@link #largest}
     * @param iova bytes
     * @param paddr bytes
     * @param size bytes left
     * @return pages, above 0
     */
    static long count(long bitmap, long pgsize, long iova, long paddr, long size) {
        long run = size;
        long next = Long.lowestOneBit(bitmap & -(pgsize << 1));
        // A next size of 2^63 is negative and excluded: boundary + next would wrap, and no run is that long.
        if (next > 0 && ((iova ^ paddr) & next - 1) == 0) {
            long boundary = next - (iova & next - 1);
            if (Long.compareUnsigned(boundary + next, size) <= 0) {
                run = boundary;
            }
        }
        return run >>> Long.numberOfTrailingZeros(pgsize);
    }
}
