/**
 * Registers of SMMUv2. No algorithm. Everything but this page is generated from {@code src/main/layout}. Compiled into the
 * bundles that use it, never exported.
 */
package org.sluice.smmuv2.arch;
