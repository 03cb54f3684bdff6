/**
 * Registers and interrupt lines of a device, as a driver sees them. A board implements these types; drivers call them.
 */
@Export
@Version("1.0.0")
package org.sluice.spi.bus;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
