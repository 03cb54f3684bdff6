package org.sluice.spi.pgtable;

/**
 * Stage 1 of the ARM long-descriptor formats; fields hold the encodings of TCR.
 *
 * @param root top table in bytes
 * @param tsz T0SZ or T1SZ
 * @param tg TG0 or, for the upper half, TG1: their encodings differ
 * @param sh shareability of walks
 * @param orgn outer cacheability of walks
 * @param irgn inner cacheability of walks
 * @param ips output size
 * @param upperHalf the table is TTBR1's
 * @param mair memory attributes
 * @param ds descriptors have the 52-bit layout of LPA2: leaves have no shareability, {@code sh} is theirs too
 */
public record ArmStage1(
        long root, int tsz, int tg, int sh, int orgn, int irgn, int ips, boolean upperHalf, long mair, boolean ds)
        implements WalkerConfig {
    /**
     * With descriptors that are not those of LPA2.
     *
     * @param root top table in bytes
     * @param tsz T0SZ or T1SZ
     * @param tg TG0 or TG1
     * @param sh shareability of walks
     * @param orgn outer cacheability of walks
     * @param irgn inner cacheability of walks
     * @param ips output size
     * @param upperHalf the table is TTBR1's
     * @param mair memory attributes
     */
    public ArmStage1(long root, int tsz, int tg, int sh, int orgn, int irgn, int ips, boolean upperHalf, long mair) {
        this(root, tsz, tg, sh, orgn, irgn, ips, upperHalf, mair, false);
    }
}
