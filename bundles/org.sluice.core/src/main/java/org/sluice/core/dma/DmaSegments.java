package org.sluice.core.dma;

import org.sluice.api.ScatterList;
import org.sluice.core.space.SegmentLayout;

/** What a device is told of a scatter list that was mapped; Linux's {@code __finalise_sg}. */
final class DmaSegments {
    private DmaSegments() {}

    /** Physical segments as they are. */
    static void copy(ScatterList segments, ScatterList dma) {
        for (int i = 0; i < segments.size(); i++) {
            dma.add(segments.address(i), segments.length(i));
        }
    }

    /**
     * DMA segments of a piece that was mapped. Two become one if the first ends and the second begins at a page boundary, and
     * the whole is not too long for the device and crosses no boundary.
     */
    static void merge(ScatterList segments, SegmentLayout layout, long iova, long maxSegment, ScatterList dma) {
        long place = 0;
        long start = 0;
        long length = 0;
        for (int i = 0; i < segments.size(); i++) {
            long offset = segments.address(i) - layout.page(segments.address(i));
            place = layout.place(place, segments.address(i), segments.length(i));
            long address = iova + place + offset;
            long size = segments.length(i);
            if (length != 0
                    && address == start + length
                    && offset == 0
                    && length + size > 0
                    && length + size <= maxSegment
                    && !crosses(start, length + size, layout.boundary())) {
                length += size;
            } else {
                if (length != 0) {
                    dma.add(start, length);
                }
                start = address;
                length = size;
            }
            place += layout.pages(segments.address(i), size);
        }
        dma.add(start, length);
    }

    private static boolean crosses(long start, long length, long boundary) {
        return boundary != 0 && (start & boundary - 1) + length > boundary;
    }

    /** Bytes of the pages that segments touch, each page once. */
    static long covered(ScatterList dma, long granule) {
        long sum = 0;
        for (int i = 0; i < dma.size(); i++) {
            long start = dma.address(i) & -granule;
            sum += (dma.address(i) + dma.length(i) + granule - 1 & -granule) - start;
        }
        return sum;
    }
}
