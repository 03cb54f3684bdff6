package org.sluice.api;

import java.util.List;
import java.util.Set;
import org.osgi.annotation.versioning.ProviderType;

/** Devices that the hardware cannot isolate from each other. */
@ProviderType
public interface IommuGroup {
    /**
     * Number of the group, as in {@code /sys/kernel/iommu_groups}.
     *
     * @return 0 and up
     */
    int id();

    /**
     * Members.
     *
     * @return a snapshot
     */
    Set<IommuDevice> devices();

    /**
     * A driver begins to use the default domain ({@code iommu_device_use_default_domain}); counted.
     *
     * @throws IommuException EBUSY somebody claimed the group, or it was attached elsewhere
     */
    default void useDefaultDomain() {
        throw Unsupported.operation("useDefaultDomain");
    }

    /**
     * Ends one {@link #useDefaultDomain}.
     *
     * @throws IommuException EINVAL nobody uses it
     */
    default void unuseDefaultDomain() {
        throw Unsupported.operation("unuseDefaultDomain");
    }

    /**
     * Takes the group for user space or a guest: no driver may use its default domain, and its DMA is blocked until the owner
     * attaches it ({@code iommu_group_claim_dma_owner}). The same owner may claim again; claims are counted.
     *
     * @param owner who; compared by identity
     * @throws IommuException EINVAL no owner; EPERM another owner has it, or a driver uses it; EBUSY a device is attached
     *     elsewhere already or uses a PASID
     */
    default void claim(Object owner) {
        throw Unsupported.operation("claim");
    }

    /**
     * Ends one {@link #claim}; the last one moves the group back to its default domain.
     *
     * @param owner who claimed
     * @throws IommuException EPERM it is not the owner
     */
    default void release(Object owner) {
        throw Unsupported.operation("release");
    }

    /**
     * Whether somebody claimed the group.
     *
     * @return true until it is released
     */
    default boolean isClaimed() {
        return false;
    }

    /**
     * The domain that members use while nobody attached them elsewhere.
     *
     * @return the default domain
     */
    Domain defaultDomain();

    /**
     * IOVAs that no member may have mapped to something else, as the board and the driver say.
     *
     * @return by ascending start, regions of one type that overlap or touch merged; {@link ReservedRegion#line} of each is
     *     Linux's {@code reserved_regions} file
     */
    default List<ReservedRegion> reservedRegions() {
        return List.of();
    }
}
