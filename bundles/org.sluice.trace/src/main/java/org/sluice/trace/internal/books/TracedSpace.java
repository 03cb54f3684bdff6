package org.sluice.trace.internal.books;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.sluice.trace.internal.LongRanges;

/**
 * The books of one address space: what is live and what was unmapped, according to the trace alone. The oracle that the
 * platform is compared with; it shares no code with it. Not thread-safe.
 */
public final class TracedSpace {
    private final TreeMap<Long, TracedLeaf> leaves = new TreeMap<>(Long::compareUnsigned);
    private final LongRanges gone = new LongRanges();

    /**
     * Leaf sizes of a mapping whose leaves the trace does not tell: the largest that the alignment of both addresses and
     * the rest allow, as Linux's {@code iommu_pgsize} chooses.
     *
     * @param iova bytes
     * @param paddr bytes
     * @param rest bytes, a multiple of the smallest size
     * @param sizes bitmap of leaf sizes
     * @return bytes
     */
    static long leafSize(long iova, long paddr, long rest, long sizes) {
        long usable = sizes & (Long.highestOneBit(rest) << 1) - 1;
        long alignment = Long.lowestOneBit(iova | paddr);
        if (alignment != 0) {
            usable &= (alignment << 1) - 1;
        }
        return usable == 0 ? Long.lowestOneBit(sizes) : Long.highestOneBit(usable);
    }

    void map(long iova, long paddr, long size, long sizes, int prot) {
        for (long done = 0; done != size; ) {
            long leaf = leafSize(iova + done, paddr + done, size - done, sizes);
            leaves.put(iova + done, new TracedLeaf(iova + done, paddr + done, leaf, prot));
            done += leaf;
        }
        gone.remove(iova, size);
    }

    /** Bytes that an unmap removes: whole leaves inside the range, up to the first hole. */
    long removable(long iova, long size) {
        long done = 0;
        for (TracedLeaf leaf = leaves.get(iova);
                leaf != null && Long.compareUnsigned(leaf.size(), size - done) <= 0;
                leaf = done == size ? null : leaves.get(iova + done)) {
            done += leaf.size();
        }
        return done;
    }

    /**
     * Bytes that go if a block that begins in the range and reaches over its end is removed whole: what an unmap may do
     * instead of leaving it, since blocks are not split.
     *
     * @param iova bytes
     * @param size bytes
     * @return at least the removable bytes
     */
    public long removableWithBlock(long iova, long size) {
        long whole = removable(iova, size);
        TracedLeaf block = whole == size ? null : leaves.get(iova + whole);
        return block == null ? whole : whole + block.size();
    }

    /** Removes every leaf that begins in the range. */
    void unmap(long iova, long size) {
        Collection<TracedLeaf> removed =
                leaves.subMap(iova, true, iova + size - 1, true).values();
        removed.forEach(leaf -> gone.add(leaf.iova(), leaf.size()));
        removed.clear();
    }

    /**
     * A leaf that shares a byte with a range.
     *
     * @param iova bytes
     * @param size bytes
     * @return the last such leaf
     */
    public Optional<TracedLeaf> overlapping(long iova, long size) {
        Map.Entry<Long, TracedLeaf> leaf = leaves.floorEntry(iova + size - 1);
        return leaf != null
                        && Long.compareUnsigned(leaf.getKey() + leaf.getValue().size() - 1, iova) >= 0
                ? Optional.of(leaf.getValue())
                : Optional.empty();
    }

    /**
     * Whether the trace ever mapped something at an address.
     *
     * @param iova bytes
     * @return false for an address that no event named
     */
    public boolean knows(long iova) {
        return gone.overlaps(iova, TracedLeaf.PAGE)
                || overlapping(iova, TracedLeaf.PAGE).isPresent();
    }

    /**
     * What is live.
     *
     * @return leaves in ascending order of IOVA, a view
     */
    public Collection<TracedLeaf> leaves() {
        return leaves.values();
    }

    /**
     * What was mapped once and is not now.
     *
     * @return IOVAs
     */
    public LongRanges gone() {
        return gone;
    }

    /**
     * Pages of 4 KiB that are live.
     *
     * @return pages
     */
    public long pages() {
        return leaves.values().stream().mapToLong(TracedLeaf::pages).sum();
    }
}
