/**
 * Physical memory: the one way from tables, queues and DMA to bytes. A memory bundle implements these types; drivers,
 * formats and device models call them.
 */
@Export
@Version("1.0.0")
package org.sluice.spi.memory;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
