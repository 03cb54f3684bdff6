/**
 * An Adreno-like GPU in software, and what a driver of it needs: command streams, a ring, submissions. Clients call it; nobody
 * else implements it.
 */
@Export
@Version("1.0.0")
package org.sluice.vendor.msm.gpu;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
