package org.sluice.api;

/** What a device behind an IOMMU can rely on, as Linux's {@code IOMMU_CAP_*}, and PASIDs. */
public enum Capability {
    /** DMA with {@link Prot#CACHE} is coherent. */
    CACHE_COHERENCY,
    /** {@link Prot#NOEXEC} is honoured. */
    NOEXEC,
    /** Deferred flushing is allowed. */
    DEFERRED_FLUSH,
    /** Dirty pages can be tracked. */
    DIRTY_TRACKING,
    /** Address translation services of PCI. */
    PCI_ATS,
    /** Private address spaces by PASID. */
    PASID
}
