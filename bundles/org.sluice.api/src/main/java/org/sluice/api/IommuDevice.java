package org.sluice.api;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** A DMA-capable device behind an IOMMU. */
@ProviderType
public interface IommuDevice {
    /**
     * Name on its bus, e.g. {@code 0000:00:02.0}.
     *
     * @return the name, unique in the container
     */
    String name();

    /**
     * IDs by which the IOMMU knows its traffic.
     *
     * @return StreamIDs, unsigned
     */
    List<Integer> streamIds();

    /**
     * The isolation group it is in.
     *
     * @return the group
     */
    IommuGroup group();

    /**
     * The domain that its untagged traffic uses.
     *
     * @return the domain; empty while no driver ever attached it
     */
    Optional<Domain> domain();

    /**
     * Asks for a capability.
     *
     * @param capability what
     * @return false also when there is no driver
     */
    boolean capable(Capability capability);

    /**
     * Prepares for PASIDs; must precede {@link Domain#allocPasid}.
     *
     * @param parameters the range, clamped to what device and IOMMU carry
     * @throws IommuException EEXIST initialised before, EINVAL the IOMMU or device carries no PASIDs or the range is
     *     empty after clamping, ENODEV no driver, or faults are to be repaired and driver or device
     *     cannot wait for that
     */
    void initSva(SvaParameters parameters);

    /**
     * Parks the device before a reset of it: untagged traffic and every PASID abort, and no attach is possible, until
     * {@link #resetDone}. Nothing of a device's state may be trusted while it is being reset; an ATS request that is lost
     * there would otherwise block the IOMMU.
     *
     * @throws IommuException EBUSY it is being reset already
     */
    default void prepareReset() {
        throw Unsupported.operation("prepareReset");
    }

    /**
     * Attaches the device to everything again.
     *
     * @throws IommuException EINVAL without {@link #prepareReset}; the errors of the driver: what could not be attached
     *     again stays blocked, the rest is attached
     */
    default void resetDone() {
        throw Unsupported.operation("resetDone");
    }

    /**
     * Lets faults stall or abort while the device is attached, as a GPU driver does that wants its faults to wait only while
     * somebody debugs. It concerns every device of the same domain on this IOMMU, and ends with the last one's detach.
     *
     * @param stall true: a transaction that faults waits until the fault handler answers; false: it aborts at once
     * @throws IommuException EINVAL the device translates by no domain, EOPNOTSUPP the IOMMU decides that otherwise, EBUSY it
     *     is being reset, ENODEV no driver
     */
    default void setStall(boolean stall) {
        throw Unsupported.operation("setStall");
    }

    /**
     * Takes every private space away from this device, then ends the use of PASIDs.
     *
     * @throws IommuException ENODEV not initialised
     */
    void shutdownSva();

    /**
     * DMA mapping with IOVAs that the platform chooses.
     *
     * @return the mapper of this device, the same for its life
     */
    default DmaMapper dma() {
        throw Unsupported.operation("dma");
    }
}
