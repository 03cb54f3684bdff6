package org.sluice.api;

import org.osgi.annotation.versioning.ProviderType;

/**
 * DMA mapping for drivers of devices that do not want to choose IOVAs: Linux's {@code dma_map_*} for a device behind an IOMMU.
 * It works on the domain where the device's untagged traffic goes: DMA (strict: when {@link #unmap} returns, no DMA uses the
 * mapping), DMA_FQ (lazy: the device may reach it until the next flush, its address is not used again before), or IDENTITY
 * (the DMA address is the physical one).
 *
 * <p>Any thread may call it; no call takes a global lock. Calls wait for a missing driver or format as those of
 * {@link AddressSpace} do. Addresses and sizes are in bytes and need no alignment.
 *
 * <p>An untrusted device sees only whole pages that belong to the mapping: the bytes of a page that is only partly mapped are
 * copied to a bounce page and, where the device may write, copied back by {@link #unmap} and {@link #syncForCpu}.
 */
@ProviderType
public interface DmaMapper {
    /** Attribute: only privileged transactions of the device may use the mapping. */
    int PRIVILEGED = 1;
    /** Attribute: the target is device memory, such as another device's registers; never bounced. */
    int MMIO = 1 << 1;
    /** Attribute of an unmap: the CPU will not look at the data, so that nothing is copied back. */
    int SKIP_SYNC = 1 << 2;

    /**
     * What the device can address.
     *
     * @return as the board or {@link #setLimits} said
     */
    DmaLimits limits();

    /**
     * Says what the device can address; mappings that exist stay.
     *
     * @param limits for mappings from now on
     */
    void setLimits(DmaLimits limits);

    /**
     * Maps memory for streaming.
     *
     * @param paddr physical address
     * @param size bytes, above 0
     * @param direction which way data goes
     * @param attributes 0 or {@link #PRIVILEGED}, {@link #MMIO}
     * @return DMA address
     * @throws IommuException EINVAL size 0, unknown attribute, or the device's domain is no DMA or IDENTITY domain; ENOSPC no
     *     IOVA is free that the device can send; ERANGE physical address outside what the format reaches; ENOMEM. Nothing
     *     stays mapped.
     */
    long map(long paddr, long size, DmaDirection direction, int attributes);

    /**
     * Maps memory for streaming.
     *
     * @param paddr physical address
     * @param size bytes, above 0
     * @param direction which way data goes
     * @return DMA address
     * @throws IommuException as the longer form
     */
    default long map(long paddr, long size, DmaDirection direction) {
        return map(paddr, size, direction, 0);
    }

    /**
     * Unmaps what {@link #map} mapped.
     *
     * @param address DMA address that it gave
     * @param size as then
     * @param direction as then
     * @param attributes 0 or {@link #SKIP_SYNC}
     * @throws IommuException EINVAL nothing or something shorter is mapped there; its IOVA is not used again
     */
    void unmap(long address, long size, DmaDirection direction, int attributes);

    /**
     * Unmaps what {@link #map} mapped.
     *
     * @param address DMA address that it gave
     * @param size as then
     * @param direction as then
     */
    default void unmap(long address, long size, DmaDirection direction) {
        unmap(address, size, direction, 0);
    }

    /**
     * Maps memory for streaming and gives an object that unmaps it.
     *
     * @param paddr physical address
     * @param size bytes, above 0
     * @param direction which way data goes
     * @return the mapping
     * @throws IommuException as {@link #map}
     */
    DmaMapping open(long paddr, long size, DmaDirection direction);

    /**
     * Maps a scatter list into one piece of IOVAs. Segments that meet at page boundaries become one DMA segment, as far as
     * {@link #limits} allow.
     *
     * @param segments physical segments, any alignment
     * @param direction which way data goes
     * @param attributes 0 or {@link #PRIVILEGED}, {@link #MMIO}
     * @param dma is filled with the DMA segments; kept by the caller for {@link #unmapSg}
     * @return DMA segments, at most as many as physical ones
     * @throws IommuException as {@link #map}; nothing of any segment stays mapped and {@code dma} is empty
     */
    int mapSg(ScatterList segments, DmaDirection direction, int attributes, ScatterList dma);

    /**
     * Unmaps a scatter list.
     *
     * @param dma as {@link #mapSg} filled it
     * @param direction as then
     * @param attributes 0 or {@link #SKIP_SYNC}
     * @throws IommuException EINVAL something of it is not mapped; its IOVAs are not used again
     */
    void unmapSg(ScatterList dma, DmaDirection direction, int attributes);

    /**
     * Allocates coherent memory.
     *
     * @param size bytes, above 0
     * @return zeroed memory of at least this size, mapped for reading and writing
     * @throws IommuException ENOMEM, or as {@link #map}
     */
    DmaBuffer allocate(long size);

    /**
     * Makes what the device wrote visible to the CPU, while the mapping stays.
     *
     * @param address DMA address within a mapping
     * @param size bytes within it
     * @param direction of the mapping
     */
    void syncForCpu(long address, long size, DmaDirection direction);

    /**
     * Makes what the CPU wrote visible to the device, while the mapping stays.
     *
     * @param address DMA address within a mapping
     * @param size bytes within it
     * @param direction of the mapping
     */
    void syncForDevice(long address, long size, DmaDirection direction);
}
