package org.sluice.smmuv2.model;

/**
 * What the registers of a context bank say, decoded once a change. Immutable.
 *
 * @param enabled SCTLR.M; otherwise transactions pass
 * @param kind what the bank translates
 * @param format of its tables
 * @param low table of the lower addresses, or null when they fault
 * @param high table of the upper addresses, or null when they fault
 * @param shorts the short format's tables; null for the long formats
 * @param signBit the bit that is extended upwards before the tables are chosen; 31 and above
 * @param topByteIgnored bit 0 for the lower, bit 1 for the upper addresses
 * @param asid tag of entries that are not global
 * @param vmid tag of all entries
 * @param stage2Bank bank of the stage 2 beneath, for NESTED
 * @param accessFlag whether a clear access flag is a fault
 * @param writeExecuteNever WXN
 * @param unprivilegedWriteExecuteNever UWXN
 */
record BankContext(
        boolean enabled,
        Kind kind,
        Format format,
        InputRange low,
        InputRange high,
        ShortTables shorts,
        int signBit,
        int topByteIgnored,
        int asid,
        int vmid,
        int stage2Bank,
        boolean accessFlag,
        boolean writeExecuteNever,
        boolean unprivilegedWriteExecuteNever) {
    /** TYPE of CBAR. */
    enum Kind {
        STAGE2,
        STAGE1,
        STAGE1_FAULT,
        NESTED
    }

    /** Formats of tables. */
    enum Format {
        AARCH64,
        AARCH32_LONG,
        AARCH32_SHORT
    }

    /**
     * The short format's two tables.
     *
     * @param root0 TTBR0's
     * @param root1 TTBR1's
     * @param split upper bits that must be 0 for TTBR0; 0 for TTBR0 alone
     * @param off0 no walks from TTBR0
     * @param off1 no walks from TTBR1
     * @param flagInAp whether AP[0] is the access flag
     */
    record ShortTables(long root0, long root1, int split, boolean off0, boolean off1, boolean flagInAp) {}

    boolean isStage2() {
        return kind == Kind.STAGE2;
    }
}
