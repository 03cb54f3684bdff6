package org.sluice.api;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.osgi.annotation.versioning.ProviderType;

/**
 * An address space selected by PASID: private to a device driver, as {@link Domain#allocPasid} returns it, or shared with a
 * process ({@link SvaBond#space()}). It is the address space, so map and unmap on it involve no look-up of the PASID.
 *
 * <p>The client holds a reference of its own: after the space was revoked (freed, device shut down, domain closed) the
 * object stays usable, its maps throw {@link SpaceRevokedException} and its unmaps return 0.
 */
@ProviderType
public interface IoMm extends AddressSpace {
    /**
     * The PASID, the same for every bond. Never 0.
     *
     * @return 1 to 2^20 - 1
     */
    int pasid();

    /**
     * Whether the client populates it ({@code IOMMU_SVA_FEAT_PRIVATE}); a space shared with a process is not.
     *
     * @return true for what {@link Domain#allocPasid} gave
     */
    boolean isPrivate();

    /**
     * The domain that it was allocated from.
     *
     * @return the domain; of type {@link DomainType#SVA} for a shared space
     */
    Domain domain();

    /**
     * Devices that reach this space with the PASID.
     *
     * @return a snapshot
     */
    Set<IommuDevice> bonds();

    /**
     * Lets one more device of the same IOMMU reach this space with the same PASID.
     *
     * @param device initialised for SVA
     * @throws IommuException EINVAL not initialised or of another IOMMU, or the space is shared ({@link Iommu#bind} is for
     *     that), ERANGE the PASID is outside the device's range,
     *     EBUSY the device uses that PASID already
     */
    void bond(IommuDevice device);

    /**
     * How it reaches the hardware.
     *
     * @return the kind
     */
    ActivationKind activation();

    /**
     * What the client must load, if it switches tables by itself.
     *
     * @return present exactly for {@link ActivationKind#CLIENT_SWITCHED}, until the space is freed
     */
    Optional<ClientTable> clientTable();

    /**
     * Handler for faults of traffic with this PASID; {@link Domain#onFault} sees the untagged traffic only.
     *
     * @param handler the handler, or null for none
     */
    void onFault(FaultHandler handler);

    /**
     * Handler that repairs faults of traffic with this PASID, where the hardware can wait for that (stalls, PRI): the owner of
     * a private space maps what is missing. A fault with such a handler does not reach {@link #onFault}.
     *
     * @param handler the handler, or null for none; without effect on a shared space, whose faults go to the process
     */
    default void onPageFault(PageFaultHandler handler) {
        throw Unsupported.operation("onPageFault");
    }

    /**
     * The process that this space is shared with.
     *
     * @return its number; empty for a private space
     */
    default OptionalLong process() {
        return OptionalLong.empty();
    }
}
