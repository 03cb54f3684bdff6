package org.sluice.pgtable.arm;

/** The sizes of leaves that a configuration offers, found by their number of bytes in one step. Immutable. */
final class LeafWays {
    private final LeafWay[] byShift = new LeafWay[Long.SIZE];

    /** The short ways of a set of sizes; the arguments are those of {@link LeafWay}. */
    LeafWays(Tables tables, long offered, LpaeTable space, long lastPaddr, long pageType, long[] attributes) {
        for (long left = offered; left != 0; left &= left - 1) {
            LeafSize size = tables.geometry.ofSize(Long.lowestOneBit(left));
            long kind = (size.level.last ? pageType : DescriptorRun.BLOCK) | size.hint;
            byShift[size.shift] = new LeafWay(size, tables, space, lastPaddr, kind, attributes);
        }
    }

    /** What leaves of a size are; null when the size is not offered. */
    LeafWay of(long bytes) {
        LeafWay way = byShift[Long.numberOfTrailingZeros(bytes) & Long.SIZE - 1];
        return way != null && way.bytes == bytes ? way : null;
    }
}
