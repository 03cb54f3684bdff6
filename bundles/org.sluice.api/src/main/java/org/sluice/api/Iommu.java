package org.sluice.api;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** The platform's entrance, a service of the core. */
@ProviderType
public interface Iommu {
    /**
     * Every DMA-capable device on every board.
     *
     * @return a snapshot, by name
     */
    List<IommuDevice> devices();

    /**
     * Finds a device.
     *
     * @param name e.g. {@code 0000:00:02.0}
     * @return the device
     */
    Optional<IommuDevice> device(String name);

    /**
     * Every group.
     *
     * @return a snapshot, by number
     */
    List<IommuGroup> groups();

    /**
     * Makes a domain for a device's IOMMU.
     *
     * @param device any device behind the IOMMU
     * @param request what kind
     * @return the domain, with no device attached
     * @throws IommuException EOPNOTSUPP the IOMMU has no such stage or type, ENOSPC no ASID or VMID, ENOMEM
     * @throws ProviderMissingException no driver serves the IOMMU or no bundle offers the page-table format it needs
     */
    Domain allocDomain(IommuDevice device, DomainRequest request);

    /**
     * State of each IOMMU, with what is missing.
     *
     * @return a snapshot
     */
    List<UnitStatus> status();
}
