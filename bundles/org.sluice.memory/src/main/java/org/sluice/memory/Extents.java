package org.sluice.memory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.MemoryRegion;

/** Turns the regions of a memory into extents: checks them, joins those that touch, and lays out window directories. */
final class Extents {
    /** Alignment and granularity of regions in bytes. */
    static final long REGION_ALIGNMENT = 64 << 10;

    /** Bytes that a memory may have: its window directory is 1/500,000 of that. */
    static final long LARGEST_MEMORY = 16L << 40;

    private Extents() {}

    static Extent[] of(List<MemoryRegion> regions) {
        List<MemoryRegion> sorted = new ArrayList<>(regions);
        sorted.sort(Comparator.comparing(MemoryRegion::base, Long::compareUnsigned));
        check(sorted);
        List<MemoryRegion> joined = join(sorted);
        Extent[] extents = new Extent[joined.size()];
        for (int from = 0; from < extents.length; ) {
            int to = from + 1;
            while (to < extents.length && shareWindow(joined.get(to - 1), joined.get(to))) {
                to++;
            }
            layOut(joined, from, to, extents);
            from = to;
        }
        return extents;
    }

    private static void check(List<MemoryRegion> sorted) {
        if (sorted.isEmpty()) {
            throw new IommuException(Errno.EINVAL, "a memory needs at least one region");
        }
        long left = LARGEST_MEMORY;
        MemoryRegion before = null;
        for (MemoryRegion region : sorted) {
            if (((region.base() | region.size()) & REGION_ALIGNMENT - 1) != 0) {
                throw new IommuException(
                        Errno.EINVAL,
                        "memory region " + region + " is not in multiples of " + REGION_ALIGNMENT + " bytes");
            }
            if (before != null && before.overlaps(region)) {
                throw new IommuException(Errno.EINVAL, "memory regions " + before + " and " + region + " overlap");
            }
            if (Long.compareUnsigned(region.size(), left) > 0) {
                throw new IommuException(
                        Errno.EINVAL,
                        "memory regions up to " + region + " are larger than the limit of " + LARGEST_MEMORY
                                + " bytes");
            }
            left -= region.size();
            before = region;
        }
    }

    private static List<MemoryRegion> join(List<MemoryRegion> sorted) {
        List<MemoryRegion> joined = new ArrayList<>();
        for (MemoryRegion region : sorted) {
            int end = joined.size() - 1;
            if (end >= 0 && joined.get(end).last() + 1 == region.base()) {
                MemoryRegion head = joined.get(end);
                joined.set(end, new MemoryRegion(head.base(), head.size() + region.size()));
            } else {
                joined.add(region);
            }
        }
        return joined;
    }

    private static boolean shareWindow(MemoryRegion lower, MemoryRegion upper) {
        return lower.last() >>> Extent.WINDOW_SHIFT == upper.base() >>> Extent.WINDOW_SHIFT;
    }

    private static void layOut(List<MemoryRegion> joined, int from, int to, Extent[] extents) {
        long first = joined.get(from).base() >>> Extent.WINDOW_SHIFT;
        long last = joined.get(to - 1).last() >>> Extent.WINDOW_SHIFT;
        long[][] windows = new long[(int) (last - first + 1)][];
        for (int i = from; i < to; i++) {
            MemoryRegion region = joined.get(i);
            extents[i] = new Extent(region.base(), region.size(), first, windows);
        }
    }
}
