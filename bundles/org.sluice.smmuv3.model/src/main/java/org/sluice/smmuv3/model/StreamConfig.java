package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.StreamTableEntry;

/** A decoded stream table entry. */
sealed interface StreamConfig
        permits StreamConfig.Aborting, StreamConfig.Bypassing, StreamConfig.Translating, StreamConfig.Illegal {
    /** Aborts without an event. */
    record Aborting() implements StreamConfig {}

    /** Bypasses. */
    record Bypassing(AttributeOverrides overrides) implements StreamConfig {}

    /**
     * C_BAD_STE.
     *
     * @param reason what is wrong, for whoever wants it explained
     */
    record Illegal(String reason) implements StreamConfig {}

    /**
     * Translates.
     *
     * @param contexts stage 1, or null
     * @param stage2 stage 2, or null
     * @param vmid tag of TLB entries; 0 where there is none
     * @param regime whose stage 1 it is
     * @param overrides what becomes of the device's attributes
     */
    record Translating(
            ContextTable contexts, Stage2Context stage2, int vmid, Regime regime, AttributeOverrides overrides)
            implements StreamConfig {}

    /**
     * Decodes and checks an entry. Bits of absent features are ignored (EATS without ATS, STRW without Hyp), as are the
     * fields of a stage that is off, but for S2VMID, which EL2 alone ignores.
     *
     * @param ste the words of the entry
     * @param id what the SMMU can do
     * @param e2h CR2.E2H
     */
    static StreamConfig decode(long[] ste, Identity id, boolean e2h) {
        if (StreamTableEntry.v(ste[0]) == 0) {
            return new Illegal("V is 0");
        }
        long config = StreamTableEntry.config(ste[0]);
        if (config < StreamTableEntry.CONFIG_BYPASS) {
            return new Aborting();
        }
        AttributeOverrides overrides = AttributeOverrides.ofStream(ste[1], id);
        if (config == StreamTableEntry.CONFIG_BYPASS) {
            return new Bypassing(overrides);
        }
        boolean first = config != StreamTableEntry.CONFIG_S2_TRANSLATE;
        boolean second = config != StreamTableEntry.CONFIG_S1_TRANSLATE;
        ContextTable contexts = first ? ContextTable.decode(ste, id) : null;
        Stage2Context stage2 = second && id.stage2() ? Stage2Context.decode(ste, id) : null;
        Regime regime = Regime.of(ste[1], second, e2h, id);
        long word2 = ste[StreamTableEntry.S2VMID_WORD];
        if (first && contexts == null) {
            return new Illegal("stage 1 is absent, or S1CDMax, S1Fmt, S1ContextPtr or S1STALLD is illegal");
        }
        if (second && stage2 == null) {
            return new Illegal("stage 2 is absent, or one of its fields is illegal or contradicts another");
        }
        if (regime == null) {
            return new Illegal("STRW is reserved");
        }
        if (!atsAllowed(ste, config, id)) {
            return new Illegal("EATS contradicts Config, S2S or NS1ATS");
        }
        if (id.stage2() && regime.hasVmid && !Stage2Context.vmidAllowed(word2, id)) {
            return new Illegal("S2VMID has more bits than VMIDs have");
        }
        int vmid = id.stage2() && regime.hasVmid ? (int) StreamTableEntry.s2vmid(word2) : 0;
        return new Translating(contexts, stage2, vmid, regime, overrides);
    }

    // a stalled ATS request would have no end; a split one is answered with what stage 1 says, so it needs both stages,
    // whatever CR0.ATSCHK says
    private static boolean atsAllowed(long[] ste, long config, Identity id) {
        if (!id.ats()) {
            return true;
        }
        boolean second = config != StreamTableEntry.CONFIG_S1_TRANSLATE;
        boolean stage2Stalls = second && StreamTableEntry.s2s(ste[StreamTableEntry.S2S_WORD]) != 0;
        long eats = StreamTableEntry.eats(ste[StreamTableEntry.EATS_WORD]);
        if (eats == StreamTableEntry.EATS_FULL) {
            return !stage2Stalls;
        }
        if (eats == StreamTableEntry.EATS_SPLIT_STAGE) {
            return config == StreamTableEntry.CONFIG_NESTED && !stage2Stalls && !id.nestedAtsOnly();
        }
        return true;
    }
}
