package org.sluice.trace.internal.books;

/**
 * A leaf that must be live, according to the trace.
 *
 * @param iova first byte
 * @param paddr physical address
 * @param size bytes
 * @param prot {@link org.sluice.api.Prot} bits
 */
public record TracedLeaf(long iova, long paddr, long size, int prot) {
    /** Smallest page, by which IOVAs are counted. */
    public static final long PAGE = 4096;

    /**
     * Pages of 4 KiB.
     *
     * @return pages
     */
    public long pages() {
        return size / PAGE;
    }
}
