package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.StreamTableEntry;

/** A decoded stream table entry. */
sealed interface StreamConfig
        permits StreamConfig.Aborting, StreamConfig.Bypassing, StreamConfig.Translating, StreamConfig.Illegal {
    /** Aborts without an event. */
    record Aborting() implements StreamConfig {}

    /** Bypasses. */
    record Bypassing() implements StreamConfig {}

    /** C_BAD_STE. */
    record Illegal() implements StreamConfig {}

    /**
     * Translates.
     *
     * @param contexts stage 1, or null
     * @param stage2 stage 2, or null
     * @param vmid tag of TLB entries; 0 where there is no stage 2
     */
    record Translating(ContextTable contexts, Stage2Context stage2, int vmid) implements StreamConfig {}

    /**
     * Decodes and checks an entry. Bits of absent features are ignored (EATS without ATS, STRW without Hyp), as are the
     * fields of a stage that is off, but for S2VMID.
     *
     * @param ste the words of the entry
     * @param id what the SMMU can do
     * @param atsChecked CR0.ATSCHK
     */
    static StreamConfig decode(long[] ste, Identity id, boolean atsChecked) {
        if (StreamTableEntry.v(ste[0]) == 0) {
            return new Illegal();
        }
        long config = StreamTableEntry.config(ste[0]);
        if (config < StreamTableEntry.CONFIG_BYPASS) {
            return new Aborting();
        }
        if (config == StreamTableEntry.CONFIG_BYPASS) {
            return new Bypassing();
        }
        boolean first = config != StreamTableEntry.CONFIG_S2_TRANSLATE;
        boolean second = config != StreamTableEntry.CONFIG_S1_TRANSLATE;
        ContextTable contexts = first ? ContextTable.decode(ste, id) : null;
        Stage2Context stage2 = second && id.stage2() ? Stage2Context.decode(ste, id) : null;
        if (first && contexts == null || second && stage2 == null || !atsAllowed(ste, config, id, atsChecked)) {
            return new Illegal();
        }
        long word2 = ste[StreamTableEntry.S2VMID_WORD];
        if (id.stage2() && !Stage2Context.vmidAllowed(word2, id)) {
            return new Illegal();
        }
        return new Translating(contexts, stage2, id.stage2() ? (int) StreamTableEntry.s2vmid(word2) : 0);
    }

    // a stalled ATS request would have no end; a split one is answered with what stage 1 says, so it needs both stages
    private static boolean atsAllowed(long[] ste, long config, Identity id, boolean atsChecked) {
        if (!id.ats()) {
            return true;
        }
        boolean second = config != StreamTableEntry.CONFIG_S1_TRANSLATE;
        boolean stage2Stalls = second && StreamTableEntry.s2s(ste[StreamTableEntry.S2S_WORD]) != 0;
        long eats = StreamTableEntry.eats(ste[StreamTableEntry.EATS_WORD]);
        if (eats == StreamTableEntry.EATS_FULL) {
            return !stage2Stalls;
        }
        if (eats == StreamTableEntry.EATS_SPLIT_STAGE && atsChecked) {
            return config == StreamTableEntry.CONFIG_NESTED && !stage2Stalls && !id.nestedAtsOnly();
        }
        return true;
    }
}
