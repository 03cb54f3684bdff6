/**
 * Where an IOMMU instance, its memory and its DMA-capable devices come from. A board bundle implements {@link Board} and
 * registers it as a service; a device-model bundle implements {@link IommuModelFactory}; the core, tests and tools call
 * them. A driver cannot tell which board it runs on.
 */
@Export
@Version("1.0.0")
package org.sluice.spi.board;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
