/**
 * RISC-V page tables. A radix core that knows only where entries are and which of them are tables ({@link
 * org.sluice.pgtable.riscv.Geometry}, {@link org.sluice.pgtable.riscv.Tables}, {@link
 * org.sluice.pgtable.riscv.RadixPageTable}), and the little that is RISC-V's: {@link org.sluice.pgtable.riscv.EntryCode},
 * {@link org.sluice.pgtable.riscv.SvAttributes} and the three formats. Private to the bundle; the core uses the services.
 */
package org.sluice.pgtable.riscv;
