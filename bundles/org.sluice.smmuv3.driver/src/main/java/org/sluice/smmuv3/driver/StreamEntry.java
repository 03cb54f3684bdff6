package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.pgtable.ArmStage2;

/** The stream table entries that this driver writes, as eight words each. Stateless, for any thread. */
final class StreamEntry {
    /** What becomes of transactions without SubstreamID where there is a CD table. */
    enum Untagged {
        /** They abort. */
        TERMINATE(StreamTableEntry.S1DSS_TERMINATE),
        /** They bypass stage 1. */
        BYPASS(StreamTableEntry.S1DSS_BYPASS),
        /** Descriptor 0 translates them; SubstreamID 0 is not available then. */
        SUBSTREAM_0(StreamTableEntry.S1DSS_SSID0);

        private final long s1dss;

        Untagged(long s1dss) {
            this.s1dss = s1dss;
        }
    }

    /**
     * A CD table as an entry names it.
     *
     * @param base physical address in bytes, multiple of 64
     * @param format S1Fmt
     * @param substreamBits log2 of the number of descriptors
     */
    record ContextTablePointer(long base, long format, int substreamBits) {}

    /**
     * Properties of a stream that do not depend on where it goes.
     *
     * @param stallDisabled faults terminate although the SMMU could stall them
     * @param stall stage-2 faults stall
     * @param eats EATS: which address translation requests are answered
     */
    record Traits(boolean stallDisabled, boolean stall, long eats) {
        /** The same with or without ATS. */
        Traits withAts(boolean ats) {
            return new Traits(stallDisabled, stall, ats ? StreamTableEntry.EATS_FULL : StreamTableEntry.EATS_DISABLED);
        }
    }

    private StreamEntry() {}

    /** Everything aborts, silently. */
    static long[] abort() {
        return valid(StreamTableEntry.CONFIG_ABORT);
    }

    /** Everything passes untranslated, with the attributes that it comes with. */
    static long[] bypass() {
        long[] entry = valid(StreamTableEntry.CONFIG_BYPASS);
        useIncomingShareability(entry);
        return entry;
    }

    /** Stage 1 through a CD table. */
    static long[] stage1(ContextTablePointer table, Untagged untagged, Traits traits) {
        long[] entry = valid(StreamTableEntry.CONFIG_S1_TRANSLATE);
        addContextTable(entry, table, untagged, traits);
        return entry;
    }

    /**
     * Stage 2 that forces write-back.
     *
     * @param entry made by {@link #stage2}
     */
    static long[] forcingWriteBack(long[] entry) {
        long[] forcing = entry.clone();
        int at = StreamTableEntry.S2FWB_WORD;
        forcing[at] = StreamTableEntry.withS2fwb(forcing[at], 1);
        return forcing;
    }

    /** Stage 2 only. */
    static long[] stage2(ArmStage2 walker, int vmid, Traits traits) {
        long[] entry = valid(StreamTableEntry.CONFIG_S2_TRANSLATE);
        useIncomingShareability(entry);
        entry[StreamTableEntry.EATS_WORD] = StreamTableEntry.withEats(entry[StreamTableEntry.EATS_WORD], traits.eats());
        addStage2(entry, walker, vmid, traits);
        return entry;
    }

    /** Stage 1 through a CD table whose addresses stage 2 translates; also untagged traffic that bypasses stage 1. */
    static long[] nested(ContextTablePointer table, Untagged untagged, ArmStage2 walker, int vmid, Traits traits) {
        long[] entry = valid(StreamTableEntry.CONFIG_NESTED);
        addContextTable(entry, table, untagged, traits);
        addStage2(entry, walker, vmid, traits);
        return entry;
    }

    private static long[] valid(long config) {
        long[] entry = new long[StreamTableEntry.WORDS];
        long word = StreamTableEntry.withV(0, 1);
        entry[StreamTableEntry.CONFIG_WORD] = StreamTableEntry.withConfig(word, config);
        return entry;
    }

    private static void addContextTable(long[] entry, ContextTablePointer table, Untagged untagged, Traits traits) {
        long word = entry[StreamTableEntry.S1CONTEXTPTR_WORD];
        word = StreamTableEntry.withS1ContextPtr(word, table.base());
        word = StreamTableEntry.withS1Fmt(word, table.format());
        entry[StreamTableEntry.S1CONTEXTPTR_WORD] = StreamTableEntry.withS1cdMax(word, table.substreamBits());

        word = entry[StreamTableEntry.S1DSS_WORD];
        word = StreamTableEntry.withS1dss(word, untagged.s1dss);
        word = StreamTableEntry.withS1cir(word, StreamTableEntry.S1CIR_WBWA);
        word = StreamTableEntry.withS1cor(word, StreamTableEntry.S1COR_WBWA);
        word = StreamTableEntry.withS1csh(word, StreamTableEntry.S1CSH_INNER_SHAREABLE);
        word = StreamTableEntry.withS1stalld(word, traits.stallDisabled() ? 1 : 0);
        word = StreamTableEntry.withEats(word, traits.eats());
        entry[StreamTableEntry.S1DSS_WORD] = StreamTableEntry.withStrw(word, StreamTableEntry.STRW_NS_EL1);
        if (untagged == Untagged.BYPASS) {
            useIncomingShareability(entry);
        }
    }

    private static void addStage2(long[] entry, ArmStage2 walker, int vmid, Traits traits) {
        long word = StreamTableEntry.withS2vmid(entry[StreamTableEntry.S2VMID_WORD], vmid);
        word = StreamTableEntry.withS2t0sz(word, walker.tsz());
        word = StreamTableEntry.withS2sl0(word, walker.sl());
        word = StreamTableEntry.withS2ir0(word, walker.irgn());
        word = StreamTableEntry.withS2or0(word, walker.orgn());
        word = StreamTableEntry.withS2sh0(word, walker.sh());
        word = StreamTableEntry.withS2tg(word, walker.tg());
        word = StreamTableEntry.withS2ps(word, walker.ps());
        word = StreamTableEntry.withS2aa64(word, 1);
        word = StreamTableEntry.withS2ptw(word, 1);
        word = StreamTableEntry.withS2s(word, traits.stall() ? 1 : 0);
        entry[StreamTableEntry.S2VMID_WORD] = StreamTableEntry.withS2r(word, 1);
        word = StreamTableEntry.withS2ttb(0, walker.root());
        word = StreamTableEntry.withS2ds(word, walker.ds() ? 1 : 0);
        entry[StreamTableEntry.S2TTB_WORD] = StreamTableEntry.withS2sl02(word, walker.sl2());
    }

    /**
     * SHCFG is written even where the SMMU cannot override attributes and ignores it: the same table then works on either
     * kind, and it is what Linux wrote in the captures.
     */
    private static void useIncomingShareability(long[] entry) {
        int at = StreamTableEntry.SHCFG_WORD;
        entry[at] = StreamTableEntry.withShcfg(entry[at], StreamTableEntry.SHCFG_INCOMING);
    }
}
