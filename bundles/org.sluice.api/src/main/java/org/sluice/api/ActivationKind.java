package org.sluice.api;

/** How a private address space reaches the hardware. Allocator, lifetime and contract are the same for both. */
public enum ActivationKind {
    /** The IOMMU resolves the PASID: an SMMUv3 finds the context descriptor by SubstreamID. */
    TABLE,
    /**
     * The device loads the table by itself from what {@link IoMm#clientTable()} exports: an MSM GPU writes TTBR0 of its
     * context bank. Nothing can revoke a root that the device may still load, so freeing waits for the client's fence;
     * without one, root, tag and tables stay in quarantine.
     */
    CLIENT_SWITCHED
}
