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
 * @param sl2 SL2, the third bit of the start level that LPA2 adds
 * @param ds descriptors have the 52-bit layout of LPA2: leaves have no shareability, {@code sh} is theirs too
 */
public record ArmStage2(long root, int tsz, int sl, int tg, int sh, int orgn, int irgn, int ps, int sl2, boolean ds)
        implements WalkerConfig {
    /**
     * With descriptors that are not those of LPA2.
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
    public ArmStage2(long root, int tsz, int sl, int tg, int sh, int orgn, int irgn, int ps) {
        this(root, tsz, sl, tg, sh, orgn, irgn, ps, 0, false);
    }
}
