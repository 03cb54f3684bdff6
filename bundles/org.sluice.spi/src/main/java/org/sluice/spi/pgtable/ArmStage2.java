package org.sluice.spi.pgtable;

/**
 * Stage 2 of the ARM long-descriptor formats; fields hold the encodings of VTCR.
 *
 * @param root top table, or the first of concatenated ones, in bytes
 * @param tsz T0SZ
 * @param sl start level SL0
 * @param tg granule
 * @param sh shareability of walks
 * @param orgn outer cacheability of walks
 * @param irgn inner cacheability of walks
 * @param ps output size
 */
public record ArmStage2(long root, int tsz, int sl, int tg, int sh, int orgn, int irgn, int ps)
        implements WalkerConfig {}
