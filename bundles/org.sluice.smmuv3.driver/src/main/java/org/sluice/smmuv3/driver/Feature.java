package org.sluice.smmuv3.driver;

/** What an SMMU may be able to do, as far as it makes a difference to this driver. */
enum Feature {
    /** Stage-1 translation. */
    STAGE1,
    /** Stage-2 translation. */
    STAGE2,
    /** A guest's stage 1 over a stage 2. */
    NESTING,
    /** The stream table may have two levels. */
    TWO_LEVEL_STREAM_TABLE,
    /** A CD table may have two levels. */
    TWO_LEVEL_CONTEXT_TABLE,
    /** EL2 translation regimes, and their invalidations, exist. */
    HYPERVISOR,
    /** TLBI commands take ranges. */
    RANGE_INVALIDATION,
    /** It takes part in the CPUs' TLB maintenance; nothing here relies on that. */
    BROADCAST_INVALIDATION,
    /** It writes messages instead of raising lines. */
    MESSAGES,
    /** The end of a CMD_SYNC can wake a CPU that waits for an event. */
    WAKE_EVENTS,
    /** Devices may ask for translations and cache them. */
    ATS,
    /** Devices may ask for pages. */
    PAGE_REQUESTS,
    /** It sets the access flag of descriptors. */
    ACCESS_FLAG_UPDATE,
    /** It marks descriptors of written pages dirty. */
    DIRTY_UPDATE,
    /** Stage 2 can force write-back. */
    FORCED_WRITE_BACK,
    /** Descriptors of the 4K and 16K granules can hold addresses of 52 bits (LPA2). */
    LARGE_DESCRIPTORS,
    /** IOVAs of stage 1 have up to 52 bits, where descriptors have room. */
    LARGE_INPUTS
}
