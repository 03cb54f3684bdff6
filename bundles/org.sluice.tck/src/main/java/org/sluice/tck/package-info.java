/**
 * Contract tests: one suite that every page-table format passes or fails, the house's and a plug-in author's. Authors see
 * {@link org.sluice.tck.PageTableFormatTck}, {@link org.sluice.tck.FormatUnderTest}, {@link org.sluice.tck.Protections} and
 * {@link org.sluice.tck.UnmapRule}; the cases are interfaces of default methods, one for each group of rules.
 */
package org.sluice.tck;
