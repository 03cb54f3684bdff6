package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.StreamTableEntry;

/** Used and safe bits of a stream table entry. */
final class StreamEntryBits implements UsedBits {
    /** Translates by a split of stages between device and SMMU: the meaning of EATS depends on more than itself then. */
    private static final long EATS_SPLIT_STAGE = 2;

    @Override
    public long[] used(long[] entry) {
        long[] used = new long[StreamTableEntry.WORDS];
        use(used, StreamTableEntry.V_WORD, StreamTableEntry.V_MASK);
        if (StreamTableEntry.v(entry[StreamTableEntry.V_WORD]) == 0) {
            return used;
        }
        use(used, StreamTableEntry.CONFIG_WORD, StreamTableEntry.CONFIG_MASK);
        long config = StreamTableEntry.config(entry[StreamTableEntry.CONFIG_WORD]);
        boolean nested = config == StreamTableEntry.CONFIG_NESTED;
        boolean stage1 = nested || config == StreamTableEntry.CONFIG_S1_TRANSLATE;
        boolean stage2 = nested || config == StreamTableEntry.CONFIG_S2_TRANSLATE;
        if (stage1) {
            useStage1(used);
        }
        if (stage2) {
            useStage2(used);
        }
        boolean bypass = config == StreamTableEntry.CONFIG_BYPASS;
        long untagged = StreamTableEntry.s1dss(entry[StreamTableEntry.S1DSS_WORD]);
        if (bypass || stage2 || stage1 && untagged == StreamTableEntry.S1DSS_BYPASS) {
            use(used, StreamTableEntry.SHCFG_WORD, StreamTableEntry.SHCFG_MASK);
        }
        return used;
    }

    @Override
    public long[] safe(long[] current, long[] target) {
        long[] currentUsed = used(current);
        long[] targetUsed = used(target);
        long[] safe = new long[StreamTableEntry.WORDS];
        // Merging events changes how often a fault is reported, never whether an access passes.
        use(safe, StreamTableEntry.MEV_WORD, StreamTableEntry.MEV_MASK);
        if (!dependsOnEats(current) && !dependsOnEats(target)) {
            use(safe, StreamTableEntry.EATS_WORD, Long.lowestOneBit(StreamTableEntry.EATS_MASK));
        }
        for (int word = 0; word < safe.length; word++) {
            safe[word] &= currentUsed[word] & targetUsed[word];
        }
        return safe;
    }

    private static boolean dependsOnEats(long[] entry) {
        return StreamTableEntry.eats(entry[StreamTableEntry.EATS_WORD]) == EATS_SPLIT_STAGE
                || StreamTableEntry.s2s(entry[StreamTableEntry.S2S_WORD]) != 0;
    }

    private static void useStage1(long[] used) {
        use(used, StreamTableEntry.S1FMT_WORD, StreamTableEntry.S1FMT_MASK);
        use(used, StreamTableEntry.S1CONTEXTPTR_WORD, StreamTableEntry.S1CONTEXTPTR_MASK);
        use(used, StreamTableEntry.S1CDMAX_WORD, StreamTableEntry.S1CDMAX_MASK);
        use(used, StreamTableEntry.S1DSS_WORD, StreamTableEntry.S1DSS_MASK);
        use(used, StreamTableEntry.S1CIR_WORD, StreamTableEntry.S1CIR_MASK);
        use(used, StreamTableEntry.S1COR_WORD, StreamTableEntry.S1COR_MASK);
        use(used, StreamTableEntry.S1CSH_WORD, StreamTableEntry.S1CSH_MASK);
        use(used, StreamTableEntry.S1STALLD_WORD, StreamTableEntry.S1STALLD_MASK);
        use(used, StreamTableEntry.STRW_WORD, StreamTableEntry.STRW_MASK);
        use(used, StreamTableEntry.EATS_WORD, StreamTableEntry.EATS_MASK);
        use(used, StreamTableEntry.MEV_WORD, StreamTableEntry.MEV_MASK);
        // Stage-1 TLB entries carry the VMID too.
        use(used, StreamTableEntry.S2VMID_WORD, StreamTableEntry.S2VMID_MASK);
    }

    private static void useStage2(long[] used) {
        use(used, StreamTableEntry.S2FWB_WORD, StreamTableEntry.S2FWB_MASK);
        use(used, StreamTableEntry.EATS_WORD, StreamTableEntry.EATS_MASK);
        use(used, StreamTableEntry.MEV_WORD, StreamTableEntry.MEV_MASK);
        use(used, StreamTableEntry.S2VMID_WORD, StreamTableEntry.S2VMID_MASK);
        use(used, StreamTableEntry.S2T0SZ_WORD, StreamTableEntry.S2T0SZ_MASK);
        use(used, StreamTableEntry.S2SL0_WORD, StreamTableEntry.S2SL0_MASK);
        use(used, StreamTableEntry.S2IR0_WORD, StreamTableEntry.S2IR0_MASK);
        use(used, StreamTableEntry.S2OR0_WORD, StreamTableEntry.S2OR0_MASK);
        use(used, StreamTableEntry.S2SH0_WORD, StreamTableEntry.S2SH0_MASK);
        use(used, StreamTableEntry.S2TG_WORD, StreamTableEntry.S2TG_MASK);
        use(used, StreamTableEntry.S2PS_WORD, StreamTableEntry.S2PS_MASK);
        use(used, StreamTableEntry.S2AA64_WORD, StreamTableEntry.S2AA64_MASK);
        use(used, StreamTableEntry.S2ENDI_WORD, StreamTableEntry.S2ENDI_MASK);
        use(used, StreamTableEntry.S2PTW_WORD, StreamTableEntry.S2PTW_MASK);
        use(used, StreamTableEntry.S2S_WORD, StreamTableEntry.S2S_MASK);
        use(used, StreamTableEntry.S2R_WORD, StreamTableEntry.S2R_MASK);
        use(used, StreamTableEntry.S2DS_WORD, StreamTableEntry.S2DS_MASK);
        use(used, StreamTableEntry.S2SL0_2_WORD, StreamTableEntry.S2SL0_2_MASK);
        use(used, StreamTableEntry.S2TTB_WORD, StreamTableEntry.S2TTB_MASK);
    }

    private static void use(long[] used, int word, long mask) {
        used[word] |= mask;
    }
}
