package org.sluice.api;

import java.util.OptionalLong;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What is mapped: IOVAs to physical addresses. A domain has one, a private PASID <em>is</em> one ({@link IoMm}); there
 * is one set of map functions, and a PASID is only a property of how a space is attached.
 *
 * <p>Any thread may call any method. Operations on disjoint ranges run in parallel. Overlapping map and unmap at the same
 * time are the callers' mistake: which of them wins is undefined, nothing outside the overlap changes. No method takes a
 * global lock, looks anything up, or allocates on the Java heap once warm.
 *
 * <p>While a driver or format bundle is being swapped, calls wait at the gate for a configured time; then map throws
 * {@link ProviderMissingException} and unmap returns 0 with everything still mapped.
 */
@ProviderType
public interface AddressSpace {
    /**
     * Page sizes that one leaf can map.
     *
     * @return bitmap of byte sizes: bit 12 is 4 KiB
     */
    long pageSizes();

    /**
     * First IOVA that can be mapped.
     *
     * @return bytes
     */
    long firstIova();

    /**
     * Last IOVA that can be mapped, inclusive.
     *
     * @return bytes, unsigned: the upper half (TTBR1) ends at all ones
     */
    long lastIova();

    /**
     * Maps {@code [iova, iova + size)} to {@code [paddr, paddr + size)}. The largest page sizes that alignment allows are
     * used. When it returns, the device sees the mapping.
     *
     * @param iova bytes, multiple of the smallest page size
     * @param paddr bytes, multiple of the smallest page size
     * @param size bytes, multiple of the smallest page size, above 0
     * @param prot {@link Prot} bits, with READ or WRITE among them
     * @throws IommuException EINVAL misaligned, 0 bytes, or no access; ERANGE outside what the format reaches; EEXIST
     *     something is mapped there; ENOMEM no page for a table. Nothing of the call stays mapped, and that is synced.
     * @throws SpaceRevokedException the space was taken away
     * @throws ProviderMissingException no driver or format came within the configured time
     */
    void map(long iova, long paddr, long size, int prot);

    /**
     * Maps segments one after the other, starting at {@code iova}; physically contiguous segments are merged first.
     *
     * @param iova bytes, multiple of the smallest page size
     * @param segments each a multiple of the smallest page size
     * @param prot {@link Prot} bits
     * @return bytes mapped: the sum of the segments
     * @throws IommuException as {@link #map}; nothing of any segment stays mapped
     */
    long mapSg(long iova, ScatterList segments, int prot);

    /**
     * Unmaps, invalidates and waits: when it returns, no DMA uses the old translation. Stops at the first hole. A leaf
     * that starts inside the range and is larger than the rest of it is removed whole only if the format's rules allow
     * it; a block is never split.
     *
     * @param iova bytes
     * @param size bytes
     * @return bytes unmapped, which may exceed the request; 0 for misaligned arguments, a hole, a space that was revoked
     *     or that is not private; never throws for those
     */
    long unmap(long iova, long size);

    /**
     * As {@link #unmap}, but leaves invalidation to {@link #sync(IotlbGather)}: until then DMA may use the old
     * translation. If the gather cannot hold the range well it is synced first.
     *
     * @param iova bytes
     * @param size bytes
     * @param gather the caller's
     * @return bytes unmapped
     */
    long unmapFast(long iova, long size, IotlbGather gather);

    /**
     * The mail's form of it, without a gather: what it owes goes to a pending list of this space that only
     * {@link #tlbSync} or {@link #flushTlbAll} completes.
     *
     * @param iova bytes
     * @param size bytes
     * @return bytes unmapped
     */
    long unmapFast(long iova, long size);

    /**
     * Completes a gather: invalidates its range, waits for the hardware, frees its tables, empties it.
     *
     * @param gather of {@link #unmapFast(long, long, IotlbGather)} on this space
     */
    void sync(IotlbGather gather);

    /**
     * Translates as the device would.
     *
     * @param iova bytes
     * @return physical address in bytes; the IOVA itself where the space is an identity; 0 where nothing is mapped
     *     (Linux's {@code iommu_iova_to_phys})
     */
    long iovaToPhys(long iova);

    /**
     * Asks the IOMMU itself, for inspection: {@link #iovaToPhys} says what the tables say, this what the hardware makes of
     * them. Takes device register accesses and a bounded wait, one question of an IOMMU at a time.
     *
     * @param iova bytes
     * @return physical address in bytes of a privileged read; 0 where it would fault; empty where the hardware has no answer:
     *     it has no translation operations, none for this kind of space, no device is attached, it is powered down, or it did
     *     not finish in time. The driver logs faults and missed times
     * @throws ProviderMissingException no driver or format came within the configured time
     */
    default OptionalLong hardwareWalk(long iova) {
        return OptionalLong.empty();
    }

    /**
     * Visits the leaves of a range in ascending order of IOVA, for inspection and audit. What other threads map or unmap
     * meanwhile may or may not be seen.
     *
     * @param first IOVA in bytes
     * @param last IOVA in bytes, inclusive
     * @param visitor called for each leaf; must not call this space
     */
    void walk(long first, long last, LeafVisitor visitor);

    /** Invalidates every translation of this space and waits; completes the pending list too. */
    void flushTlbAll();

    /**
     * Queues an invalidation without waiting for it.
     *
     * @param iova bytes
     * @param size bytes, above 0
     */
    void tlbRangeAdd(long iova, long size);

    /** Waits until everything queued by {@link #tlbRangeAdd} and the pending list is done, and frees its tables. */
    void tlbSync();

    /**
     * Begins or ends tracking of dirty pages. Beginning marks every page clean.
     *
     * @param on whether writes of devices are to be found by {@link #readDirty}
     * @throws IommuException EOPNOTSUPP the domain was not asked for with {@link DomainRequest#dirtyTracking()}, or the
     *     format cannot
     */
    default void setDirtyTracking(boolean on) {
        throw Unsupported.operation("setDirtyTracking");
    }

    /**
     * Finds what devices wrote since tracking began or since it was cleared.
     *
     * @param iova bytes
     * @param size bytes, above 0
     * @param clear whether the pages found are clean from now on: a write after this call returns is found by the next one,
     *     so the translations concerned are invalidated; false is Linux's {@code NO_CLEAR}
     * @param bitmap where pages are marked; marks that are there stay
     * @throws IommuException EOPNOTSUPP as {@link #setDirtyTracking}; EINVAL tracking is not on, or size 0; ERANGE
     * @throws ProviderMissingException no driver or format came within the configured time
     */
    default void readDirty(long iova, long size, boolean clear, DirtyBitmap bitmap) {
        throw Unsupported.operation("readDirty");
    }

    /**
     * Where in its life this space is.
     *
     * @return the state
     */
    SpaceState state();
}
