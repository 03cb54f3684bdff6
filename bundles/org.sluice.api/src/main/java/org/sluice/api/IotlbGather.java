package org.sluice.api;

import java.util.Arrays;

/**
 * Invalidations that a caller collects over several {@link AddressSpace#unmapFast(long, long, IotlbGather)} and
 * completes with one {@link AddressSpace#sync(IotlbGather)}: one range of IOVAs, and the tables that the unmaps took out
 * of use. The tables are freed by the sync and not before, because a device may still walk them.
 *
 * <p>A gather belongs to one caller and, between two syncs, to one space; it is not thread-safe. It can be used again
 * after its sync, without allocating. Dropping it unsynced leaves its range possibly stale and its tables allocated
 * until the space is freed.
 *
 * <p>Follows Linux's {@code iommu_iotlb_gather}: {@code start} is the maximum and {@code end} (inclusive) 0 while it is
 * empty; adding only widens.
 */
public final class IotlbGather {
    private static final int INITIAL_TABLES = 8;

    private long start = -1L;
    private long end;
    private long pageSize;
    private long[] tables = new long[2 * INITIAL_TABLES];
    private int tableCount;
    private Object owner;

    /** An empty gather. */
    public IotlbGather() {}

    /**
     * Widens the range.
     *
     * @param iova start in bytes
     * @param size bytes, above 0
     * @param pgsize size in bytes of the leaves that were unmapped
     */
    public void addRange(long iova, long size, long pgsize) {
        long last = iova + size - 1;
        if (iova == end + 1 && pgsize == pageSize && iova != 0) {
            end = last; // the next leaf, as most are; an empty gather has no page size
            return;
        }
        if (isEmpty()) {
            start = iova;
            end = last;
        } else {
            if (Long.compareUnsigned(iova, start) < 0) {
                start = iova;
            }
            if (Long.compareUnsigned(last, end) > 0) {
                end = last;
            }
        }
        pageSize = pageSize == 0 ? pgsize : Math.min(pageSize, pgsize);
    }

    /**
     * Whether adding this range must be preceded by a sync: it has another page size, or does not touch what is there.
     * Touching ranges are not disjoint.
     *
     * @param iova start in bytes
     * @param size bytes
     * @param pgsize leaf size in bytes
     * @return true if one invalidation cannot cover both well
     */
    public boolean isDisjoint(long iova, long size, long pgsize) {
        if (isEmpty()) {
            return false;
        }
        if (pageSize != pgsize) {
            return true;
        }
        boolean above = end != -1L && Long.compareUnsigned(iova, end + 1) > 0;
        boolean below = start != 0 && Long.compareUnsigned(iova + size - 1, start - 1) < 0;
        return above || below;
    }

    /**
     * Keeps a table that was unlinked, until the sync.
     *
     * @param address physical address in bytes
     * @param bytes size of the table
     */
    public void addTable(long address, long bytes) {
        if (2 * tableCount == tables.length) {
            tables = Arrays.copyOf(tables, 2 * tables.length);
        }
        tables[2 * tableCount] = address;
        tables[2 * tableCount + 1] = bytes;
        tableCount++;
    }

    /**
     * Ties an unsynced gather to a space.
     *
     * @param space the space whose unmap uses it
     * @throws IommuException EINVAL when it holds unsynced work of another space
     */
    public void claim(Object space) {
        if (owner != space) {
            if (owner != null && !(isEmpty() && tableCount == 0)) {
                throw new IommuException(
                        Errno.EINVAL, "gather holds unsynced work of " + owner + ", it cannot be used for " + space);
            }
            owner = space;
        }
    }

    /** Forgets everything: what it held was synced and freed. */
    public void clear() {
        start = -1L;
        end = 0;
        pageSize = 0;
        tableCount = 0;
        owner = null;
    }

    /**
     * Whether there is no range to invalidate.
     *
     * @return true while nothing was added
     */
    public boolean isEmpty() {
        return Long.compareUnsigned(start, end) > 0;
    }

    /**
     * First IOVA of the range.
     *
     * @return bytes; all ones while empty
     */
    public long start() {
        return start;
    }

    /**
     * Last IOVA of the range, inclusive.
     *
     * @return bytes
     */
    public long end() {
        return end;
    }

    /**
     * Smallest leaf that was unmapped.
     *
     * @return bytes; 0 while empty
     */
    public long pageSize() {
        return pageSize;
    }

    /**
     * Tables that wait for the sync.
     *
     * @return number of tables
     */
    public int tableCount() {
        return tableCount;
    }

    /**
     * Where a waiting table is.
     *
     * @param index 0 to {@code tableCount() - 1}
     * @return physical address in bytes
     */
    public long tableAddress(int index) {
        return tables[2 * index];
    }

    /**
     * How large a waiting table is.
     *
     * @param index 0 to {@code tableCount() - 1}
     * @return bytes
     */
    public long tableBytes(int index) {
        return tables[2 * index + 1];
    }
}
