package org.sluice.pgtable.arm;

/** The sizes of leaves that a configuration offers, found by their number of bytes in one step. Immutable. */
final class LeafSizes {
    private final LeafSize[] byShift = new LeafSize[64];

    LeafSizes(Geometry geometry, long offered) {
        for (long left = offered; left != 0; left &= left - 1) {
            byShift[Long.numberOfTrailingZeros(left)] = geometry.ofSize(Long.lowestOneBit(left));
        }
    }

    /** What leaves of a size are; null when the size is not offered. */
    LeafSize of(long bytes) {
        LeafSize size = byShift[Long.numberOfTrailingZeros(bytes) & 63];
        return size != null && size.bytes() == bytes ? size : null;
    }
}
