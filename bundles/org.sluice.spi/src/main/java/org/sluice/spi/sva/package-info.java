/**
 * Address spaces of processes, to be shared with devices. A bundle that has processes registers
 * {@link ProcessAddressSpaces}; the core calls it and offers {@link ProcessWatcher}.
 */
@Export
@Version("1.0.0")
package org.sluice.spi.sva;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
