/**
 * Packets of Adreno command streams. No algorithm. Everything but this page is generated from {@code src/main/layout}.
 * Compiled into the bundles that use it, never exported.
 */
package org.sluice.adreno.arch;
