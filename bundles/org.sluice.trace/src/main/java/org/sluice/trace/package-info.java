/**
 * Replays a kernel's DMA trace through the platform and scores what came out. This bundle implements
 * {@link org.sluice.trace.TraceReplay}; front ends call it.
 */
@Export
@Version("1.0.0")
package org.sluice.trace;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
