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
     *     empty after clamping, ENODEV no driver
     */
    void initSva(SvaParameters parameters);

    /**
     * Takes every private space away from this device, then ends the use of PASIDs.
     *
     * @throws IommuException ENODEV not initialised
     */
    void shutdownSva();
}
