package org.sluice.spi.quirk;

import java.util.Map;
import org.sluice.spi.bus.PlatformCalls;

/**
 * By what hooks recognise an implementation, and the machine that it stands in.
 *
 * @param iommu name of the IOMMU
 * @param compatible firmware's name for it, e.g. {@code arm,smmu-v3}
 * @param implementation the implementation's identification register as read: IIDR of an SMMUv3, IDR7 of an SMMUv2
 * @param properties firmware properties
 * @param platform the machine around it, for hooks that have to ask it for something
 */
public record HardwareIdentity(
        String iommu, String compatible, int implementation, Map<String, String> properties, PlatformCalls platform) {
    /** Copies the properties. */
    public HardwareIdentity {
        properties = Map.copyOf(properties);
    }

    /**
     * One in a machine that is asked for nothing.
     *
     * @param iommu name of the IOMMU
     * @param compatible firmware's name for it
     * @param implementation the implementation's identification register as read
     * @param properties firmware properties
     */
    public HardwareIdentity(String iommu, String compatible, int implementation, Map<String, String> properties) {
        this(iommu, compatible, implementation, properties, PlatformCalls.NONE);
    }
}
