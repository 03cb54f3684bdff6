package org.sluice.trace.internal.books;

import org.sluice.api.Prot;

/**
 * A leaf that must be live, according to the trace.
 *
 * @param iova first byte
 * @param paddr physical address
 * @param size bytes
 * @param prot {@link Prot} bits
 */
public record TracedLeaf(long iova, long paddr, long size, int prot) {
    /** Smallest page, by which IOVAs are counted. */
    public static final long PAGE = 4096;

    /**
     * Whether the device may write.
     *
     * @return true if the trace allowed it
     */
    public boolean writable() {
        return (prot & Prot.WRITE) != 0;
    }

    /**
     * Pages of 4 KiB.
     *
     * @return pages
     */
    public long pages() {
        return size / PAGE;
    }
}
