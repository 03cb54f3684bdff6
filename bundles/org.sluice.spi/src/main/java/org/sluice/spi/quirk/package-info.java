/**
 * Workarounds for implementations that depart from their architecture, as services that a driver finds by identity. A
 * driver's own hooks extend {@link org.sluice.spi.quirk.ImplementationHooks}; a vendor bundle implements them.
 */
@Export
@Version("1.0.0")
package org.sluice.spi.quirk;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
