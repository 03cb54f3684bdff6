package org.sluice.api;

import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.IntUnaryOperator;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Devices that share translations of their untagged traffic, and the private PASIDs allocated beside it.
 *
 * <p>It is made on one IOMMU. Devices behind others of the same board may be attached as well, if those would walk the same
 * page table: format, page sizes, address widths and coherency agree. Then a map is there for all of them, and an unmap, or the
 * sync that completes it, has reached all of them when it returns. A missing driver of one makes calls wait as if it were the only
 * one. Private spaces are on the IOMMU of their device.
 *
 * <p>Attach, detach, PASID and close calls are serialised per board and may sleep; they are not for the path of a DMA.
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
     * @throws IommuException EINVAL not alone in its group, of another board, or behind an IOMMU that would walk another
     *     page table, EBUSY the device is being reset, ETIMEDOUT the first device of another IOMMU while an operation did not
     *     end; the errors of the driver. The device stays where it was.
     */
    void attach(IommuDevice device);

    /**
     * Moves the device back to its group's default domain.
     *
     * @param device attached here; otherwise nothing happens
     */
    void detach(IommuDevice device);

    /**
     * Attaches every device of a group. A device that fails moves those before it back to where they were.
     *
     * @param group of this board
     * @throws IommuException EBUSY the group is neither in its default domain nor blocked, or a device is being reset; EINVAL
     *     a device as {@link #attach} refuses it; the errors of {@link #attach}. The group stays where it was.
     */
    default void attachGroup(IommuGroup group) {
        throw Unsupported.operation("attachGroup");
    }

    /**
     * Moves every device of a group straight from the domain where it is to this one: each device's DMA sees the old or the
     * new translation and nothing between.
     *
     * @param group of this board
     * @throws IommuException as {@link #attachGroup}, except that the group may be in any domain
     */
    default void replaceGroup(IommuGroup group) {
        throw Unsupported.operation("replaceGroup");
    }

    /**
     * Moves a group back to its default domain, or blocks it while somebody has claimed it. A device that cannot be moved is
     * blocked instead; the others still are.
     *
     * @param group attached here; otherwise nothing happens
     */
    default void detachGroup(IommuGroup group) {
        throw Unsupported.operation("detachGroup");
    }

    /**
     * Lets a device reach this domain's space by a PASID of the client's choice, beside where its untagged traffic goes
     * ({@code iommu_attach_device_pasid}).
     *
     * @param device of this IOMMU, alone in its group
     * @param pasid 1 to the largest that device and IOMMU carry
     * @throws IommuException EOPNOTSUPP the driver has no PASID operations; EINVAL the PASID is 0 or too large, the domain
     *     has no space of its own, or the device is one that {@link #attach} refuses; EBUSY the PASID is in use, or the device
     *     is being reset
     */
    default void attachPasid(IommuDevice device, int pasid) {
        throw Unsupported.operation("attachPasid");
    }

    /**
     * Moves a PASID of a device from the domain where it is to this one ({@code iommu_replace_device_pasid}).
     *
     * @param device of this IOMMU
     * @param pasid attached by {@link #attachPasid} to another domain
     * @throws IommuException EINVAL it is not, or is here already; the errors of {@link #attachPasid}. The PASID stays where
     *     it was.
     */
    default void replacePasid(IommuDevice device, int pasid) {
        throw Unsupported.operation("replacePasid");
    }

    /**
     * Takes a PASID away from a device: entry cleared, caches invalidated, faults drained.
     *
     * @param device of this IOMMU
     * @param pasid attached here by {@link #attachPasid}; otherwise nothing happens
     */
    default void detachPasid(IommuDevice device, int pasid) {
        throw Unsupported.operation("detachPasid");
    }

    /**
     * Runs invalidation commands of a guest whose stage 1 is nested over this stage-2 domain.
     *
     * @param commands in the hardware's form, two 64-bit words each, lowest first
     * @param streamIds the guest's StreamID to the hardware's; -1 for one that the guest does not have
     * @return how many were run: all
     * @throws IommuException EOPNOTSUPP the driver cannot nest; EINVAL this is no stage-2 domain; EIO a command that a guest
     *     may not give
     */
    default int invalidateGuest(long[] commands, IntUnaryOperator streamIds) {
        throw Unsupported.operation("invalidateGuest");
    }

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

    /**
     * Handler that repairs faults of untagged traffic, where the hardware can wait for that. A fault with such a handler does
     * not reach {@link #onFault}.
     *
     * @param handler the handler, or null for none
     */
    default void onPageFault(PageFaultHandler handler) {
        throw Unsupported.operation("onPageFault");
    }

    /**
     * Where a device attached here writes to ring the doorbell of a message-signalled interrupt
     * ({@code iommu_dma_prepare_msi}). The doorbell's page is mapped the first time, once for all devices, and stays until the
     * domain is closed.
     *
     * @param paddr physical address of the doorbell in bytes
     * @return what to program into the device, in bytes; the physical address itself where nothing is translated
     * @throws IommuException EINVAL all DMA of the domain aborts, or its client chooses IOVAs and gave no window; ENOSPC; as
     *     {@link AddressSpace#map}
     */
    default long doorbell(long paddr) {
        throw Unsupported.operation("doorbell");
    }

    /**
     * Says where doorbells are mapped in a domain whose client chooses IOVAs ({@code iommu_get_msi_cookie}), usually the SW_MSI
     * region of its devices.
     *
     * @param base IOVA in bytes, a multiple of the smallest page; a page is used for each page of doorbells
     * @throws IommuException EINVAL the domain is not UNMANAGED, or misaligned; EEXIST said before
     */
    default void setDoorbellWindow(long base) {
        throw Unsupported.operation("setDoorbellWindow");
    }

    /** Detaches every device, revokes every private space and frees the tables: every mapping is gone. */
    @Override
    void close();
}
