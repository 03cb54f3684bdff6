package org.sluice.spi.pgtable;

/**
 * The ARMv7 short-descriptor format; fields hold register values.
 *
 * @param root first-level table in bytes
 * @param ttbr TTBR0 with the attributes of walks
 * @param tcr TTBCR
 * @param nmrr memory remap: normal memory
 * @param prrr memory remap: primary region
 */
public record ArmShort(long root, int ttbr, int tcr, int nmrr, int prrr) implements WalkerConfig {}
