package org.sluice.tck.driver;

import java.util.ArrayList;
import java.util.List;
import org.sluice.spi.driver.IommuUnit;

/** Leaf sizes by granule. */
final class Sizes {
    static final long KIB_4 = 1L << 12;
    static final long GIB_1 = 1L << 30;

    private static final long[] GRANULES = {
        KIB_4 | 1L << 21 | GIB_1, 1L << 14 | 1L << 25, 1L << 16 | 1L << 29,
    };

    private Sizes() {}

    /** Bitmaps of leaf sizes, one for each granule of a unit. */
    static List<Long> granules(IommuUnit unit) {
        List<Long> granules = new ArrayList<>();
        for (long granule : GRANULES) {
            long sizes = granule & unit.capabilities().pageSizes();
            if (sizes != 0) {
                granules.add(sizes);
            }
        }
        return granules;
    }

    static List<Long> of(long bitmap) {
        List<Long> sizes = new ArrayList<>();
        for (long rest = bitmap; rest != 0; rest &= rest - 1) {
            sizes.add(Long.lowestOneBit(rest));
        }
        return sizes;
    }
}
