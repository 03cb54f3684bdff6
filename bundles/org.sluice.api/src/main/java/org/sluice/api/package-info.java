/**
 * What a client of an IOMMU sees: devices, groups, domains, address spaces, private PASIDs and faults.
 *
 * <p>The core implements these types and clients call them; clients implement only the types marked
 * {@link org.osgi.annotation.versioning.ConsumerType}. Addresses and sizes are bytes in an unsigned {@code long}. What
 * a caller may rely on after a failure is written on each method; unless a type says otherwise, its methods may be
 * called from any thread.
 */
@Export
@Version("1.0.0")
package org.sluice.api;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
