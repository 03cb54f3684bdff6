package org.sluice.api;

import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Devices that share translations of their untagged traffic, and the private PASIDs allocated beside it.
 *
 * <p>Attach, detach, PASID and close calls are serialised per IOMMU and may sleep; they are not for the path of a DMA.
 */
@ProviderType
public interface Domain extends AutoCloseable {
    /**
     * Kind of domain.
     *
     * @return the type
     */
    DomainType type();

    /**
     * The address space that attached devices translate through.
     *
     * @return the space
     * @throws IommuException EINVAL when the type is not a paging one
     */
    AddressSpace space();

    /**
     * Moves the device here from wherever it was: DMA sees the old domain or this one, nothing between.
     *
     * @param device alone in its group
     * @throws IommuException EINVAL not alone in its group or of another IOMMU, EBUSY the group has an owner; the device
     *     stays where it was
     */
    void attach(IommuDevice device);

    /**
     * Moves the device back to its group's default domain.
     *
     * @param device attached here; otherwise nothing happens
     */
    void detach(IommuDevice device);

    /**
     * Devices attached here.
     *
     * @return a snapshot
     */
    Set<IommuDevice> devices();

    /**
     * Allocates a private address space with a PASID of its own for a device attached here
     * ({@code iommu_sva_alloc_pasid}). PASIDs are handed out cyclically within the device's range, never 0.
     *
     * @param device attached here and initialised with {@link IommuDevice#initSva}
     * @return the space, attached
     * @throws IommuException EINVAL device not initialised for SVA or not attached here; ENODEV the driver has no PASID
     *     operations; ENOSPC no PASID free in the range; ENOMEM; the errors of the plug-in that allocates. Nothing stays
     *     allocated.
     */
    IoMm allocPasid(IommuDevice device);

    /**
     * Takes the space away from every device and frees it ({@code iommu_sva_free_pasid}): entry cleared, caches
     * invalidated, faults drained, then tables, tag and PASID released. A CLIENT_SWITCHED space goes to quarantine and stays there, since
     * nobody said that the device is done with it.
     *
     * @param ioMm of this domain; null, one of another domain or one freed before has no effect
     */
    void freePasid(IoMm ioMm);

    /**
     * As {@link #freePasid(IoMm)}, with the client's promise that no submitted work refers to the space once the fence
     * has completed: a CLIENT_SWITCHED space leaves quarantine then.
     *
     * @param ioMm of this domain
     * @param fence completes when the device is done; exceptional completion keeps the quarantine
     */
    void freePasid(IoMm ioMm, CompletionStage<?> fence);

    /**
     * Private spaces allocated here and not freed.
     *
     * @return a snapshot
     */
    Set<IoMm> ioMms();

    /**
     * Handler for faults of untagged traffic.
     *
     * @param handler the handler, or null for none
     */
    void onFault(FaultHandler handler);

    /** Detaches every device, revokes every private space and frees the tables: every mapping is gone. */
    @Override
    void close();
}
