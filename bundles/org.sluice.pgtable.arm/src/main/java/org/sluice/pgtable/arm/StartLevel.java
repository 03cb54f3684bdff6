package org.sluice.pgtable.arm;

/**
 * Where a stage-2 walk may begin, and how VTCR says so (Arm DDI 0487, AArch64.S2InvalidSL and AArch64.S2InconsistentSL;
 * VTCR_EL2.SL0 and SL2).
 */
final class StartLevel {
    /** log2 of the tables that may stand in for one level more. */
    private static final int CONCATENATED_BITS = 4;

    private StartLevel() {}

    /** Output size in bits below which the walk must begin further down, in concatenated tables. */
    static int smallestOutput(Granule granule, int start) {
        switch (granule) {
            case K4:
            case K4_LPA2:
                return start < 0 ? 52 : start == 0 ? 44 : 0;
            case K16:
                return start <= 0 ? Integer.MAX_VALUE : start == 1 ? 42 : 0;
            case K16_LPA2:
                return start <= 0 ? 52 : start == 1 ? 42 : 0;
            default:
                return start <= 1 ? 44 : 0;
        }
    }

    /** Input size in bits that tables of a level hold, as many as may be concatenated. */
    static int largestInput(Granule granule, int start) {
        return granule.shift + (Level.LAST + 1 - start) * granule.bitsPerLevel() + CONCATENATED_BITS;
    }

    /** SL0 counts the levels from below, for the 4K granule from one later; level -1 is beyond it. */
    static int sl0(Granule granule, int start) {
        if (start < 0) {
            return 0;
        }
        return ~(granule.shift == 12 ? start + 1 : start) & 3;
    }

    /** SL2 says level -1. */
    static int sl2(int start) {
        return start < 0 ? 1 : 0;
    }
}
