/**
 * IOMMU drivers and the plug-ins beside them. A driver bundle registers an {@link IommuDriver} service, a vendor bundle
 * may register an {@link MmAllocator}; the core calls both and offers them {@link UnitHost}.
 */
@Export
@Version("1.0.0")
package org.sluice.spi.driver;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
