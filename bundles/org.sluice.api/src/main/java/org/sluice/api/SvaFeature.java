package org.sluice.api;

/** What a device may want of shared address spaces beside PASIDs, as Linux's {@code IOMMU_SVA_FEAT_*}. */
public enum SvaFeature {
    /** Faults of the device are repaired: pages that are not there come when the device touches them. */
    IO_PAGE_FAULTS
}
