/**
 * AMD IOMMU v1 page tables with the semantics of Linux's generic_pt. Private: reached only through the format service.
 */
package org.sluice.pgtable.amd;
