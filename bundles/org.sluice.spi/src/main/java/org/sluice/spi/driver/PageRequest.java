package org.sluice.spi.driver;

/**
 * A fault that can be repaired: a stalled transaction, or a page request that a device sent by PRI. It is answered once a
 * group, by {@link PageResponseOperations#respond}.
 *
 * @param fault what was asked for
 * @param kind how the device waits
 * @param group number that the answer carries: the page request group, or the tag of the stall
 * @param last whether the group is complete with this one; always true for STALL
 * @param read whether read access is asked for
 */
public record PageRequest(FaultRecord fault, Kind kind, int group, boolean last, boolean read) {
    /** Ways to wait. */
    public enum Kind {
        /** The IOMMU holds the transaction. */
        STALL,
        /** The device asked ahead and repeats the access after the answer. */
        PRI
    }
}
