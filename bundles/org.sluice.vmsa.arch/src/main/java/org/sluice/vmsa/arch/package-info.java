/**
 * Layouts and numbers of the long-descriptor (LPAE), short-descriptor and Mali page-table formats. No algorithm. Everything but this page is generated from
 * {@code src/main/layout}. Compiled into the bundles that use it, never exported.
 */
package org.sluice.vmsa.arch;
