package org.sluice.spi.pgtable;

import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * What a page table maps, as merged ranges in ascending order of IOVA, for inspection, diff and audit. Lazy: a range is
 * looked for when it is asked for, by one visit that ends at the first leaf which does not belong to it. Resumable: it keeps
 * nothing but {@link #position()}, from which another one may go on later, also over a table that was adopted meanwhile.
 *
 * <p>For one thread. Others may map and unmap meanwhile: each range was mapped while it was looked for, leaf by leaf, and no
 * IOVA is told twice.
 */
public final class MappedRanges implements Iterator<MappedRange> {
    private final PageTable table;
    private final long last;
    private long position;
    private boolean ended;
    private MappedRange ahead;
    // What was joined so far, while one range is looked for.
    private long iova;
    private long paddr;
    private long size;
    private int prot;

    /**
     * Ranges between two IOVAs. Leaves that reach over them are told as far as they lie between them.
     *
     * @param table where to look
     * @param first IOVA in bytes
     * @param last IOVA in bytes, inclusive
     */
    public MappedRanges(PageTable table, long first, long last) {
        this.table = table;
        this.last = last;
        position = first;
        ended = Long.compareUnsigned(first, last) > 0;
    }

    @Override
    public boolean hasNext() {
        if (ahead == null && !ended) {
            ahead = find();
            ended = ahead == null;
        }
        return ahead != null;
    }

    @Override
    public MappedRange next() {
        if (!hasNext()) {
            throw new NoSuchElementException(String.format("nothing is mapped from 0x%x to 0x%x", position, last));
        }
        MappedRange found = ahead;
        ahead = null;
        position = found.last() + 1;
        ended = found.last() == last;
        return found;
    }

    /**
     * Where the next range is looked for: behind the last one that {@link #next()} told.
     *
     * @return IOVA in bytes; meaningless when all was told
     */
    public long position() {
        return position;
    }

    private MappedRange find() {
        size = 0;
        table.walk(position, last, this::join);
        return size == 0 ? null : new MappedRange(iova, paddr, size, prot);
    }

    /** Joins the part of a leaf that lies between the ends; false when it does not go on where the leaves before it end. */
    private boolean join(long leafIova, long leafPaddr, long leafSize, long descriptor, int leafProt) {
        long end = leafIova + leafSize - 1;
        long before = Long.compareUnsigned(leafIova, position) < 0 ? position - leafIova : 0;
        long behind = Long.compareUnsigned(end, last) > 0 ? end - last : 0;
        if (size == 0) {
            iova = leafIova + before;
            paddr = leafPaddr + before;
            prot = leafProt;
        } else if (iova + size != leafIova || paddr + size != leafPaddr || prot != leafProt) {
            return false;
        }
        size += leafSize - before - behind;
        return true;
    }
}
