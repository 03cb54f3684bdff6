/**
 * Layouts and numbers of the x86 page-table formats: x86-64 as AMD v2 and VT-d's first stage walk it, and VT-d's second
 * stage. No algorithm. Everything but this page is generated from {@code src/main/layout}. Compiled into the bundles that use
 * it, never exported.
 */
package org.sluice.x86.arch;
