/**
 * Layouts and numbers of the SMMUv3 architecture: structures in memory, commands, events, registers. No algorithm. Everything but this
 * page is generated from {@code src/main/layout}. Compiled into the bundles that use it, never exported.
 */
package org.sluice.smmuv3.arch;
