/**
 * Processes whose address spaces devices can share. This bundle implements {@link org.sluice.process.ProcessTable}; tests,
 * tools and front ends call it.
 */
@Export
@Version("1.0.0")
package org.sluice.process;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
