/** The driver of SMMUv2, as Linux's arm-smmu does it (linux-iommu.md section 4). Private to the bundle. */
package org.sluice.smmuv2.driver;
