package org.sluice.spi.pgtable;

import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;

/**
 * One page table ({@code io_pgtable_ops}). Methods that take IOVAs may be called by many threads at once on disjoint
 * ranges: tables are installed by compare-and-set, and an operation never writes into a table that was unlinked before it
 * began. Map, unmap and iovaToPhys do not allocate on the Java heap.
 */
@ConsumerType
public interface PageTable {
    /**
     * The configuration, as narrowed by the format.
     *
     * @return the configuration
     */
    PageTableConfig config();

    /**
     * First IOVA that it can map.
     *
     * @return bytes
     */
    long firstIova();

    /**
     * Last IOVA that it can map, inclusive.
     *
     * @return bytes, unsigned
     */
    long lastIova();

    /**
     * Maps a run of pages of one size.
     *
     * @param iova bytes, multiple of {@code pgsize}
     * @param paddr bytes, multiple of {@code pgsize}
     * @param pgsize one of {@link PageTableConfig#pageSizes()}
     * @param pgcount pages, above 0
     * @param prot {@link org.sluice.api.Prot} bits
     * @return bytes mapped: {@code pgsize * pgcount}
     * @throws MappingException EINVAL size or access not supported, or misaligned (ENXIO where a format follows Linux's
     *     generic_pt), ERANGE, EEXIST a leaf or table is there, ENOMEM; with the bytes that were mapped before
     */
    long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot);

    /**
     * Unmaps a run of pages of one size: adds ranges, and the tables that fell out, to the gather; invalidates nothing.
     * Stops at the first entry that is not a leaf of this size or a whole table of it. A part of a block is refused (0).
     *
     * @param iova bytes, multiple of {@code pgsize}
     * @param pgsize one of {@link PageTableConfig#pageSizes()}
     * @param pgcount pages, above 0
     * @param gather collects; the caller syncs it
     * @return bytes unmapped
     */
    long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather);

    /**
     * Walks.
     *
     * @param iova bytes
     * @return physical address in bytes; 0 where nothing is mapped
     */
    long iovaToPhys(long iova);

    /**
     * What the hardware's walker must be told.
     *
     * @return register values in the format's terms
     */
    WalkerConfig walkerConfig();

    /**
     * Visits the leaves of a range in ascending order of IOVA. Resumable: start again behind the last leaf seen.
     *
     * @param first IOVA in bytes
     * @param last IOVA in bytes, inclusive
     * @param visitor called for each leaf
     */
    void walk(long first, long last, LeafVisitor visitor);

    /**
     * What a range of IOVAs maps, as merged ranges, looked for one by one as they are asked for.
     *
     * @param first IOVA in bytes
     * @param last IOVA in bytes, inclusive
     * @return the ranges, in ascending order of IOVA
     */
    default MappedRanges ranges(long first, long last) {
        return new MappedRanges(this, first, last);
    }

    /**
     * Counts tables and leaves; nothing should be mapping meanwhile.
     *
     * @return what is there
     */
    TableSurvey survey();

    /** Frees every table. The caller guarantees that no device and no thread uses it any more. */
    void free();
}
