package org.sluice.spi.pgtable;

/**
 * Mali's variant of LPAE; fields hold register values.
 *
 * @param root top table in bytes
 * @param transtab TRANSTAB: root and walk attributes
 * @param memattr MEMATTR
 */
public record MaliTable(long root, long transtab, long memattr) implements WalkerConfig {}
