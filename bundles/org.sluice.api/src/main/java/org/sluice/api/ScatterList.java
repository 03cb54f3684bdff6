package org.sluice.api;

import java.util.Arrays;

/** Physical segments that one call maps to consecutive IOVAs. Not thread-safe while it is being filled. */
public final class ScatterList {
    private long[] segments = new long[16];
    private int count;

    /** An empty list. */
    public ScatterList() {}

    /**
     * Appends a segment; one that continues the segment before is merged with it when mapped.
     *
     * @param address physical address in bytes
     * @param length bytes, not 0
     * @return this list
     * @throws IommuException EINVAL when the length is 0
     */
    public ScatterList add(long address, long length) {
        if (length == 0) {
            throw new IommuException(Errno.EINVAL, "length of segment " + count + " is 0, must be above 0");
        }
        if (2 * count == segments.length) {
            segments = Arrays.copyOf(segments, 2 * segments.length);
        }
        segments[2 * count] = address;
        segments[2 * count + 1] = length;
        count++;
        return this;
    }

    /** Forgets every segment, so that the list can be filled again without allocating. */
    public void clear() {
        count = 0;
    }

    /**
     * Number of segments.
     *
     * @return segments
     */
    public int size() {
        return count;
    }

    /**
     * Where a segment starts.
     *
     * @param index 0 to {@code size() - 1}
     * @return physical address in bytes
     */
    public long address(int index) {
        return segments[2 * check(index)];
    }

    /**
     * How long a segment is.
     *
     * @param index 0 to {@code size() - 1}
     * @return bytes
     */
    public long length(int index) {
        return segments[2 * check(index) + 1];
    }

    private int check(int index) {
        if (index < 0 || index >= count) {
            throw new IommuException(Errno.ERANGE, "segment " + index + " of " + count);
        }
        return index;
    }
}
