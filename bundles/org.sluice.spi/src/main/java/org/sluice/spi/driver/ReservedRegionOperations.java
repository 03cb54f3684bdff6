package org.sluice.spi.driver;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.api.ReservedRegion;

/** An optional ability of an {@link IommuUnit}: it knows IOVAs that are not free, such as a window for MSI doorbells. */
@ConsumerType
public interface ReservedRegionOperations {
    /**
     * What is not free for a device, in addition to what the board says.
     *
     * @param device the device
     * @return regions in any order; constant
     */
    List<ReservedRegion> reservedRegions(DeviceRecord device);
}
