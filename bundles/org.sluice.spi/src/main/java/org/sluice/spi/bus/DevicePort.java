package org.sluice.spi.bus;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The switches of a device that concern its IOMMU: PCI's ATS and PRI capabilities. A driver works them when it attaches the
 * device; calls come from one thread at a time per device. Each switch takes effect before its method returns.
 */
@ConsumerType
public interface DevicePort {
    /** A device that has neither ATS nor PRI and whose faults are never stalled. */
    DevicePort NONE = new DevicePort() {};

    /**
     * Whether the device can cache translations (ATS).
     *
     * @return constant
     */
    default boolean hasAts() {
        return false;
    }

    /**
     * Lets the device ask for translations and use them.
     *
     * @param smallestUnitShift smallest translation unit as a power of two: 12 for 4 KiB
     */
    default void enableAts(int smallestUnitShift) {
        throw new UnsupportedOperationException("the device has no ATS");
    }

    /** Makes the device drop every cached translation and stop asking; nothing happens when it is off. */
    default void disableAts() {}

    /**
     * Whether the device can ask for pages (PRI).
     *
     * @return constant; true only together with {@link #hasAts}
     */
    default boolean hasPri() {
        return false;
    }

    /**
     * Lets the device send page requests.
     *
     * @param outstanding how many it may have unanswered, above 0
     */
    default void enablePri(int outstanding) {
        throw new UnsupportedOperationException("the device has no PRI");
    }

    /** Makes the device stop sending page requests; nothing happens when it is off. */
    default void disablePri() {}

    /**
     * Whether a page request in a PASID's name is answered with that PASID.
     *
     * @return constant
     */
    default boolean wantsPasidInResponse() {
        return false;
    }

    /**
     * Whether a transaction of the device may be stalled by the IOMMU until software resolves its fault.
     *
     * @return constant; never true for PCI
     */
    default boolean canStall() {
        return false;
    }
}
