package org.sluice.core.space;

import org.sluice.api.ScatterList;

/**
 * Where the segments of a scatter list go in one piece of IOVAs: each from its first page to its last, one after the other, and
 * none across a boundary that the device cannot cross. Offsets are from the start of the piece, which is aligned at least as
 * the boundary where it is larger. Allocates nothing.
 *
 * @param granule smallest page in bytes
 * @param boundary bytes that one segment of the device may not cross, a power of two; 0 for none
 */
public record SegmentLayout(long granule, long boundary) {
    /**
     * First page of a segment.
     *
     * @param address in bytes
     * @return bytes
     */
    public long page(long address) {
        return address & -granule;
    }

    /**
     * Pages that a segment touches.
     *
     * @param address in bytes
     * @param length in bytes
     * @return bytes
     */
    public long pages(long address, long length) {
        return (address & granule - 1) + length + granule - 1 & -granule;
    }

    /**
     * Where a segment goes.
     *
     * @param at first offset that is free
     * @param address in bytes
     * @param length in bytes
     * @return offset of its first page
     */
    public long place(long at, long address, long length) {
        long size = pages(address, length);
        boolean crosses = boundary != 0 && size <= boundary && (at & boundary - 1) + size > boundary;
        return crosses ? at + boundary - 1 & -boundary : at;
    }

    /**
     * Size of the piece.
     *
     * @param segments at least one
     * @return bytes
     */
    public long total(ScatterList segments) {
        long at = 0;
        for (int i = 0; i < segments.size(); i++) {
            at = place(at, segments.address(i), segments.length(i)) + pages(segments.address(i), segments.length(i));
        }
        return at;
    }
}
