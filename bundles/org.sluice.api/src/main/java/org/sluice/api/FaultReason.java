package org.sluice.api;

/** Why a DMA faulted, independent of the kind of IOMMU. */
public enum FaultReason {
    /** No mapping. */
    TRANSLATION,
    /** The mapping does not allow the access. */
    PERMISSION,
    /** Access flag clear. */
    ACCESS_FLAG,
    /** An address is larger than the configuration allows. */
    ADDRESS_SIZE,
    /** A table walk met an external abort. */
    WALK_ABORT,
    /** The stream has no usable configuration. */
    BAD_STREAM,
    /** The PASID has no usable configuration. */
    BAD_PASID,
    /** Anything else that the IOMMU reports; see the raw record. */
    OTHER
}
