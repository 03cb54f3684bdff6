package org.sluice.api;

/** Kinds of domain, as Linux's {@code IOMMU_DOMAIN_*}. */
public enum DomainType {
    /** All DMA aborts. */
    BLOCKED,
    /** DMA passes untranslated. */
    IDENTITY,
    /** The client maps. */
    UNMANAGED,
    /** The DMA API maps, strictly invalidated. */
    DMA,
    /** The DMA API maps, invalidated lazily by a flush queue. */
    DMA_FQ,
    /** Shared with a process. */
    SVA,
    /** A guest's stage 1 over a stage-2 domain. */
    NESTED;

    /**
     * Whether it has page tables that are mapped through {@link Domain#space()}.
     *
     * @return true for UNMANAGED, DMA and DMA_FQ
     */
    public boolean isPaging() {
        return this == UNMANAGED || this == DMA || this == DMA_FQ;
    }
}
