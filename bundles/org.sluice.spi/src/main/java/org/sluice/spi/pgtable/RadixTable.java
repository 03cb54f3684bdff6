package org.sluice.spi.pgtable;

/**
 * A radix tree that its hardware finds by root and number of levels: AMD v1, x86-64, VT-d second stage, RISC-V. The top
 * level may grow while the table is used: {@link TableHost#rootMoved} says so.
 *
 * @param root top table in bytes
 * @param levels levels of tables, 1 for a top table of leaves
 * @param mode how the hardware encodes the levels: AMD's Mode, VT-d's AW, RISC-V's {@code iosatp} or {@code iohgatp} MODE
 */
public record RadixTable(long root, int levels, int mode) implements WalkerConfig {}
