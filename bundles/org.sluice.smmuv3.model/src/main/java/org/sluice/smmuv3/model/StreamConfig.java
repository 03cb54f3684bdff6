package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.StreamTableEntry;

/** A decoded stream table entry. */
sealed interface StreamConfig
        permits StreamConfig.Aborting, StreamConfig.Bypassing, StreamConfig.Stage1, StreamConfig.Illegal {
    /** Aborts without an event. */
    record Aborting() implements StreamConfig {}

    /** Bypasses. */
    record Bypassing() implements StreamConfig {}

    /** C_BAD_STE. */
    record Illegal() implements StreamConfig {}

    /**
     * Stage 1 only.
     *
     * @param contexts physical address of the CD table or of its first level
     * @param leafBits SubstreamID bits that a second-level CD table resolves; 0 for a linear table
     * @param substreamBits log2 of the number of CDs; 0 when the stream has no SubstreamIDs
     * @param untagged S1DSS: what happens without a SubstreamID
     */
    record Stage1(long contexts, int leafBits, int substreamBits, Untagged untagged) implements StreamConfig {}

    /** S1DSS, which means something only when there are SubstreamIDs. */
    enum Untagged {
        /** F_STREAM_DISABLED. */
        DISABLED,
        /** Bypasses stage 1. */
        BYPASS,
        /** Uses CD 0, which is then not reachable with SubstreamID 0. */
        CONTEXT_0
    }

    /** SubstreamID bits of a 4 KiB and of a 64 KiB leaf of CDs. */
    int LEAF_BITS_4K = 6;

    /** As {@link #LEAF_BITS_4K}. */
    int LEAF_BITS_64K = 10;

    /**
     * Decodes and checks an entry. Bits of absent features are ignored (EATS without ATS, STRW without Hyp), as are stage-1
     * fields while stage 1 is off.
     *
     * @param ste the words of the entry
     * @param id what the SMMU can do
     */
    static StreamConfig decode(long[] ste, Identity id) {
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
        boolean stage2 = config != StreamTableEntry.CONFIG_S1_TRANSLATE;
        if (stage2 || !id.stage1() || StreamTableEntry.s1stalld(ste[1]) != 0 && id.stallModel() != 0) {
            return new Illegal();
        }
        return stage1(ste, id);
    }

    private static StreamConfig stage1(long[] ste, Identity id) {
        long contexts = StreamTableEntry.s1ContextPtr(ste[0]);
        int substreamBits = id.ssidBits() == 0 ? 0 : (int) StreamTableEntry.s1cdMax(ste[0]);
        long format = substreamBits == 0 ? StreamTableEntry.S1FMT_LINEAR : StreamTableEntry.s1Fmt(ste[0]);
        boolean twoLevel = format != StreamTableEntry.S1FMT_LINEAR;
        if (substreamBits > id.ssidBits()
                || twoLevel && !id.twoLevelContextTable()
                || format > StreamTableEntry.S1FMT_TWO_LEVEL_64K
                || contexts >>> id.outputBits() != 0) {
            return new Illegal();
        }
        int leafBits = format == StreamTableEntry.S1FMT_TWO_LEVEL_4K ? LEAF_BITS_4K : twoLevel ? LEAF_BITS_64K : 0;
        return new Stage1(contexts, leafBits, substreamBits, untagged(StreamTableEntry.s1dss(ste[1])));
    }

    private static Untagged untagged(long s1dss) {
        if (s1dss == StreamTableEntry.S1DSS_BYPASS) {
            return Untagged.BYPASS;
        }
        // 3 is reserved and acts as 0
        return s1dss == StreamTableEntry.S1DSS_SSID0 ? Untagged.CONTEXT_0 : Untagged.DISABLED;
    }
}
