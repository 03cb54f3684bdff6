package org.sluice.trace.internal;

import java.util.Map;
import java.util.TreeMap;

/**
 * A set of addresses, kept as disjoint ranges in ascending unsigned order; ranges that touch are one. Not thread-safe.
 */
public final class LongRanges {
    private final TreeMap<Long, Long> lastByFirst = new TreeMap<>(Long::compareUnsigned);

    /** Sees ranges. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * A range.
         *
         * @param first first address
         * @param last last address, inclusive
         */
        void range(long first, long last);
    }

    /**
     * Adds a range.
     *
     * @param start first address
     * @param size above 0; does not wrap
     */
    public void add(long start, long size) {
        long first = start;
        long last = start + size - 1;
        Map.Entry<Long, Long> before = lastByFirst.floorEntry(first);
        if (before != null && touches(before.getValue(), first)) {
            if (Long.compareUnsigned(last, before.getValue()) <= 0) {
                return;
            }
            first = before.getKey();
        }
        for (Map.Entry<Long, Long> next = lastByFirst.ceilingEntry(first);
                next != null && touches(last, next.getKey());
                next = lastByFirst.ceilingEntry(first)) {
            last = Long.compareUnsigned(last, next.getValue()) < 0 ? next.getValue() : last;
            lastByFirst.remove(next.getKey());
        }
        lastByFirst.put(first, last);
    }

    /**
     * Removes a range.
     *
     * @param start first address
     * @param size above 0; does not wrap
     */
    public void remove(long start, long size) {
        long end = start + size - 1;
        for (Map.Entry<Long, Long> range = lastByFirst.floorEntry(end);
                range != null && Long.compareUnsigned(range.getValue(), start) >= 0;
                range = lastByFirst.floorEntry(end)) {
            long first = range.getKey();
            long last = range.getValue();
            lastByFirst.remove(first);
            if (Long.compareUnsigned(last, end) > 0) {
                lastByFirst.put(end + 1, last);
            }
            if (Long.compareUnsigned(first, start) < 0) {
                lastByFirst.put(first, start - 1);
                return;
            }
        }
    }

    /**
     * Whether any address of a range is in the set.
     *
     * @param start first address
     * @param size above 0; does not wrap
     * @return true if one is
     */
    public boolean overlaps(long start, long size) {
        Map.Entry<Long, Long> range = lastByFirst.floorEntry(start + size - 1);
        return range != null && Long.compareUnsigned(range.getValue(), start) >= 0;
    }

    /**
     * Number of disjoint ranges.
     *
     * @return ranges
     */
    public int count() {
        return lastByFirst.size();
    }

    /**
     * Number of addresses.
     *
     * @return sum over the ranges; 0 also for all 2^64
     */
    public long size() {
        long size = 0;
        for (Map.Entry<Long, Long> range : lastByFirst.entrySet()) {
            size += range.getValue() - range.getKey() + 1;
        }
        return size;
    }

    /**
     * Visits the ranges in ascending order.
     *
     * @param visitor must not change this set
     */
    public void forEach(Visitor visitor) {
        lastByFirst.forEach(visitor::range);
    }

    private static boolean touches(long last, long first) {
        return last == -1L || Long.compareUnsigned(first, last + 1) <= 0;
    }
}
