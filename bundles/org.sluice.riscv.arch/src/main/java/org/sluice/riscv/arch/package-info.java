/**
 * Layouts and numbers of the RISC-V page-table formats Sv39, Sv48 and Sv57. No algorithm. Everything but this page is
 * generated from {@code src/main/layout}. Compiled into the bundles that use it, never exported.
 */
package org.sluice.riscv.arch;
