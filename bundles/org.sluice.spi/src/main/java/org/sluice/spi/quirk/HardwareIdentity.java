package org.sluice.spi.quirk;

import java.util.Map;

/**
 * By what hooks recognise an implementation.
 *
 * @param iommu name of the IOMMU
 * @param compatible firmware's name for it, e.g. {@code arm,smmu-v3}
 * @param implementation the implementation's identification register as read: IIDR of an SMMUv3, IDR7 of an SMMUv2
 * @param properties firmware properties
 */
public record HardwareIdentity(String iommu, String compatible, int implementation, Map<String, String> properties) {
    /** Copies the properties. */
    public HardwareIdentity {
        properties = Map.copyOf(properties);
    }
}
