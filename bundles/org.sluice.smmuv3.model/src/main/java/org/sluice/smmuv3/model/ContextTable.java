package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.L1ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;

/**
 * The decoded stage-1 fields of an STE: where its context descriptors are. Immutable.
 *
 * @param address of the CD table or of its first level; an IPA where there is a stage 2
 * @param leafBits SubstreamID bits that a second-level CD table resolves; 0 for a linear table
 * @param substreamBits log2 of the number of CDs; 0 when the stream has no SubstreamIDs
 * @param untagged S1DSS: what happens without a SubstreamID
 * @param stallsAllowed CD.S may be set: not S1STALLD
 */
record ContextTable(long address, int leafBits, int substreamBits, Untagged untagged, boolean stallsAllowed) {
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
    private static final int LEAF_BITS_4K = 6;

    private static final int LEAF_BITS_64K = 10;

    /**
     * Decodes and checks.
     *
     * @return the table, or null for C_BAD_STE
     */
    static ContextTable decode(long[] ste, Identity id) {
        boolean stallsAllowed = StreamTableEntry.s1stalld(ste[1]) == 0;
        if (!id.stage1() || !stallsAllowed && id.stallModel() != Idr0.STALL_MODEL_STALL_AND_TERMINATE) {
            return null;
        }
        long address = StreamTableEntry.s1ContextPtr(ste[0]);
        int substreamBits = id.ssidBits() == 0 ? 0 : (int) StreamTableEntry.s1cdMax(ste[0]);
        int leafBits = substreamBits == 0 ? 0 : leafBits(StreamTableEntry.s1Fmt(ste[0]));
        if (substreamBits > id.ssidBits()
                || leafBits != 0 && !id.twoLevelContextTable()
                || address >>> id.outputBits() != 0) {
            return null;
        }
        return new ContextTable(
                address, leafBits, substreamBits, untagged(StreamTableEntry.s1dss(ste[1])), stallsAllowed);
    }

    private static int leafBits(long format) {
        if (format == StreamTableEntry.S1FMT_TWO_LEVEL_4K) {
            return LEAF_BITS_4K;
        }
        // 3 is reserved and acts as 0
        return format == StreamTableEntry.S1FMT_TWO_LEVEL_64K ? LEAF_BITS_64K : 0;
    }

    /**
     * The address of an entry of the table that the STE points to: of the CD itself, or of its L1CD. Address bits that
     * S1CDMax makes reserved say where in the table, which is aligned to its size, number 0 is.
     *
     * @param index SubstreamID
     */
    long entry(int index) {
        int entryBytes = leafBits == 0 ? ContextDescriptor.BYTES : L1ContextDescriptor.BYTES;
        long tableBytes = (long) entryBytes << Math.max(0, substreamBits - leafBits);
        long base = address & -tableBytes;
        return base | address + (long) (index >>> leafBits) * entryBytes & tableBytes - 1;
    }

    private static Untagged untagged(long s1dss) {
        if (s1dss == StreamTableEntry.S1DSS_BYPASS) {
            return Untagged.BYPASS;
        }
        // 3 is reserved and acts as 0
        return s1dss == StreamTableEntry.S1DSS_SSID0 ? Untagged.CONTEXT_0 : Untagged.DISABLED;
    }
}
