/** One IOMMU and what hangs on it: devices, groups, domains, private PASIDs, quarantine, faults. */
package org.sluice.core.unit;
