package org.sluice.api;

import java.util.Set;

/**
 * How a device wants to use PASIDs ({@code iommu_sva_init_device}).
 *
 * @param minPasid smallest PASID, 1 or above; 0 stands for 1
 * @param maxPasid largest PASID, inclusive; 0 stands for whatever the device and the IOMMU allow
 * @param features what its bonds may use beside PASIDs
 */
public record SvaParameters(int minPasid, int maxPasid, Set<SvaFeature> features) {
    /** Largest PASID that PCI can carry. */
    public static final int PCI_MAX_PASID = 0xfffff;

    /** Checks the range and copies the features. */
    public SvaParameters {
        features = Set.copyOf(features);
        if (minPasid < 0 || maxPasid < 0 || maxPasid > PCI_MAX_PASID || maxPasid != 0 && minPasid > maxPasid) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "PASID range [%d, %d] is not within [1, 0x%x] or is empty",
                            minPasid, maxPasid, PCI_MAX_PASID));
        }
    }

    /**
     * PASIDs without further features.
     *
     * @param minPasid smallest PASID; 0 stands for 1
     * @param maxPasid largest PASID, inclusive; 0 stands for the limit
     */
    public SvaParameters(int minPasid, int maxPasid) {
        this(minPasid, maxPasid, Set.of());
    }

    /**
     * The same with features.
     *
     * @param wanted all of them
     * @return the parameters
     */
    public SvaParameters with(SvaFeature... wanted) {
        return new SvaParameters(minPasid, maxPasid, Set.of(wanted));
    }

    /**
     * Every PASID that device and IOMMU allow.
     *
     * @return the parameters
     */
    public static SvaParameters any() {
        return new SvaParameters(0, 0);
    }
}
