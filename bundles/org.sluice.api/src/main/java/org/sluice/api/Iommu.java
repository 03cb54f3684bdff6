package org.sluice.api;

import java.util.List;
import java.util.Optional;
import java.util.Set;
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
     * Lets a device use the address space of a process ({@code iommu_sva_bind_device}), with the features that the device was
     * initialised with.
     *
     * @param device initialised with {@link IommuDevice#initSva}
     * @param process number of the process
     * @return the bond
     * @throws IommuException as {@link #bind(IommuDevice, long, Set)}
     */
    default SvaBond bind(IommuDevice device, long process) {
        throw Unsupported.operation("bind");
    }

    /**
     * Lets a device use the address space of a process. The first bond behind an IOMMU takes a PASID for the process, later
     * ones share it.
     *
     * @param device initialised with {@link IommuDevice#initSva}
     * @param process number of the process
     * @param features among those that the device was initialised with
     * @return the bond
     * @throws IommuException EINVAL the device is not initialised, or not for these features, or the process's tables do not
     *     suit the hardware; EEXIST bound already; EDOM other features than the process's other bonds have; ERANGE the
     *     process's PASID is outside the device's range; ESRCH no such process, or it exits; ENODEV the driver has no PASID
     *     operations; ENOSPC no PASID free. Nothing stays allocated.
     * @throws ProviderMissingException no driver, or no bundle that knows processes
     */
    default SvaBond bind(IommuDevice device, long process, Set<SvaFeature> features) {
        throw Unsupported.operation("bind");
    }

    /**
     * Finds the bond by which a PASID of a device reaches a process ({@code iommu_sva_find}).
     *
     * @param device a device
     * @param pasid a PASID
     * @return empty for a PASID that nobody uses, and for a private one: there is no process
     */
    default Optional<SvaBond> bond(IommuDevice device, int pasid) {
        return Optional.empty();
    }

    /**
     * State of each IOMMU, with what is missing.
     *
     * @return a snapshot
     */
    List<UnitStatus> status();
}
