package org.sluice.spi.board;

/**
 * What an access carries on from an IOMMU, beside its address.
 *
 * @param type memory type and allocation hints, as a byte of MAIR codes them: the outer attribute in the high nibble, the
 *     inner in the low one; Device where the high nibble is 0
 * @param shareability shareability
 * @param transientHint the allocation is transient, where an override says so
 * @param privileged privileged access
 * @param instruction instruction fetch
 */
public record MemoryAttributes(
        int type, Shareability shareability, boolean transientHint, boolean privileged, boolean instruction) {
    private static final int DEVICE_LIMIT = 0x10;

    /** Domains of shareability, from the smallest. */
    public enum Shareability {
        /** Non-shareable. */
        NON,
        /** Inner Shareable. */
        INNER,
        /** Outer Shareable. */
        OUTER
    }

    /**
     * Whether it is Device memory of any kind.
     *
     * @return false for Normal memory
     */
    public boolean isDevice() {
        return type < DEVICE_LIMIT;
    }
}
