package org.sluice.api;

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
     * The domain that members use while nobody attached them elsewhere.
     *
     * @return the default domain
     */
    Domain defaultDomain();
}
