package org.sluice.smmuv3.model;

/**
 * What a TLB entry belongs to, in one {@code long}: bit 63 valid, 62 global, 61 stage 2 alone, 48:46 {@link Regime}, 44:40
 * log2 of the granule, 31:16 VMID, 15:0 ASID. Never 0. In the TLB, bits 60:49 are the {@link Attributes} of the leaf.
 */
final class TlbTag {
    private static final long VALID = 1L << 63;
    private static final long GLOBAL = 1L << 62;
    private static final long STAGE2 = 1L << 61;
    private static final int ATTRIBUTES_SHIFT = 49;
    private static final long ATTRIBUTES = (1L << Attributes.BITS) - 1 << ATTRIBUTES_SHIFT;
    private static final int REGIME_SHIFT = 46;
    private static final int REGIME_MASK = 7;
    private static final int GRANULE_SHIFT = 40;
    private static final int GRANULE_MASK = 0x1f;
    private static final int VMID_SHIFT = 16;
    private static final int ID_MASK = 0xffff;
    private static final long SPACE_MASK = 0xffff_ffffL;
    private static final Regime[] REGIMES = Regime.values();

    private TlbTag() {}

    /** Entries of stage 1, or of both stages, of one ASID. */
    static long of(Regime regime, int vmid, int asid, int granule) {
        long tag = VALID | (long) regime.ordinal() << REGIME_SHIFT | (long) granule << GRANULE_SHIFT;
        return tag | (regime.hasVmid ? (long) vmid << VMID_SHIFT : 0) | (regime.hasAsid ? asid : 0);
    }

    /** The same for all ASIDs. */
    static long global(long tag) {
        return tag & ~ID_MASK | GLOBAL;
    }

    /** Entries of stage 2 alone. */
    static long stage2(int vmid, int granule) {
        return VALID | STAGE2 | (long) granule << GRANULE_SHIFT | (long) vmid << VMID_SHIFT;
    }

    static boolean isGlobal(long tag) {
        return (tag & GLOBAL) != 0;
    }

    static boolean isStage2(long tag) {
        return (tag & STAGE2) != 0;
    }

    static Regime regime(long tag) {
        return REGIMES[(int) (tag >>> REGIME_SHIFT) & REGIME_MASK];
    }

    static int granule(long tag) {
        return (int) (tag >>> GRANULE_SHIFT) & GRANULE_MASK;
    }

    static int vmid(long tag) {
        return (int) (tag >>> VMID_SHIFT) & ID_MASK;
    }

    static int asid(long tag) {
        return (int) tag & ID_MASK;
    }

    /** A hash of VMID and ASID, which choose the set together with the address. */
    static long spread(long tag) {
        return (tag & SPACE_MASK) * 0xd1b54a32d192ed03L;
    }

    /** Whether an entry's tag, which has attributes, is a tag. */
    static boolean matches(long entry, long tag) {
        return ((entry ^ tag) & ~ATTRIBUTES) == 0;
    }

    static long withAttributes(long tag, int attributes) {
        return tag | (long) attributes << ATTRIBUTES_SHIFT;
    }

    static long attributes(long entry) {
        return (entry & ATTRIBUTES) >>> ATTRIBUTES_SHIFT;
    }
}
