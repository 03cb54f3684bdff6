package org.sluice.api;

import java.util.Arrays;

/** Which pages of a range were written: a bit a page. Not thread-safe. */
public final class DirtyBitmap {
    private final long first;
    private final int shift;
    private final long pages;
    private final long[] words;

    /**
     * A range with every page clean.
     *
     * @param iova first IOVA in bytes, multiple of {@code pageSize}
     * @param size bytes, above 0, multiple of {@code pageSize}; at most 2^31 pages
     * @param pageSize bytes that a bit stands for, a power of two
     * @throws IommuException EINVAL for anything else
     */
    public DirtyBitmap(long iova, long size, long pageSize) {
        if (Long.bitCount(pageSize) != 1 || size <= 0 || ((iova | size) & pageSize - 1) != 0) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "iova 0x%x and size 0x%x must be multiples of page size 0x%x, a power of two, and size above 0",
                            iova, size, pageSize));
        }
        first = iova;
        shift = Long.numberOfTrailingZeros(pageSize);
        pages = size >>> shift;
        if (pages > Integer.MAX_VALUE) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format("0x%x bytes are %d pages of 0x%x, the limit is 2^31 - 1", size, pages, pageSize));
        }
        words = new long[(int) (pages + 63 >>> 6)];
    }

    /**
     * Marks every page that a range touches; what lies outside is ignored.
     *
     * @param iova bytes
     * @param size bytes, above 0
     */
    public void mark(long iova, long size) {
        long from = Math.max(0, iova - first >> shift);
        long to = Math.min(pages - 1, iova - first + size - 1 >> shift);
        for (long page = from; page <= to; page++) {
            words[(int) (page >>> 6)] |= 1L << page;
        }
    }

    /**
     * Whether a page was written.
     *
     * @param iova bytes, anywhere in the page
     * @return false also outside of the range
     */
    public boolean isDirty(long iova) {
        long page = iova - first >> shift;
        return page >= 0 && page < pages && (words[(int) (page >>> 6)] & 1L << page) != 0;
    }

    /**
     * Pages that were written.
     *
     * @return a count
     */
    public long count() {
        return Arrays.stream(words).map(Long::bitCount).sum();
    }

    /** Marks every page clean. */
    public void clear() {
        Arrays.fill(words, 0);
    }
}
