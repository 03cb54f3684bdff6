/**
 * RISC-V page tables: the coding of entries, what leaves grant, and the three formats. The tree is in {@code
 * org.sluice.pgtable.radix}, of which the bundle has its own copy. Private to the bundle; the core uses the services.
 */
package org.sluice.pgtable.riscv;
