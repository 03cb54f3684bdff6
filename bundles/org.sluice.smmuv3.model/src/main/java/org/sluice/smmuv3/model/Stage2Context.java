package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.StreamTableEntry;

/**
 * The decoded stage-2 fields of an STE: everything that a translation of IPAs needs of it. Immutable.
 *
 * @param vmid tag of TLB entries
 * @param granule log2 of the granule
 * @param inputBits IPA bits that tables resolve
 * @param startLevel level of the root, of which up to 16 tables stand side by side
 * @param root physical address of the root table
 * @param outputBits effective output size: S2PS, capped to OAS, and to 48 bits without 52-bit descriptors
 * @param largeBlocks whether blocks one level above the usual ones are valid
 * @param addresses where descriptors keep their address
 * @param shareability S2SH0, for descriptors without one of their own
 * @param forced S2FWB: MemAttr decides the memory type alone
 * @param accessFlagIgnored S2AFFD: descriptors with AF=0 do not fault
 * @param updatesAccess S2HA: the device sets AF, and S2AFFD means nothing
 * @param updatesDirty S2HD, which without S2HA does nothing: the device makes descriptors with DBM dirty
 * @param protectedWalk S2PTW: walks and fetches in Device memory fault
 * @param executeNeverByPrivilege XN has two bits (XNX)
 * @param records S2R: faults are recorded
 * @param stalls S2S: faults stall, and are recorded
 */
record Stage2Context(
        int vmid,
        int granule,
        int inputBits,
        int startLevel,
        long root,
        int outputBits,
        boolean largeBlocks,
        AddressField addresses,
        int shareability,
        boolean forced,
        boolean accessFlagIgnored,
        boolean updatesAccess,
        boolean updatesDirty,
        boolean protectedWalk,
        boolean executeNeverByPrivilege,
        boolean records,
        boolean stalls) {
    private static final int MAX_VMID_WITHOUT_VMID16 = 0xff;
    private static final int MAX_T0SZ = 39;
    private static final int MAX_T0SZ_SMALL_TABLES = 48;
    // the root may resolve so many bits more than other tables: concatenated tables
    private static final int MAX_CONCATENATION_BITS = 4;
    private static final int NO_LEVEL = Integer.MIN_VALUE;

    /**
     * Decodes and checks.
     *
     * @return the context, or null for C_BAD_STE
     */
    static Stage2Context decode(long[] ste, Identity id) {
        long word2 = ste[StreamTableEntry.S2VMID_WORD];
        int granule = Granule.ofS2tg(StreamTableEntry.s2tg(word2));
        if (!legal(word2, id) || !id.granule(granule)) {
            return null;
        }
        int t0sz = (int) StreamTableEntry.s2t0sz(word2);
        int inputBits = Long.SIZE - t0sz;
        long word3 = ste[StreamTableEntry.S2DS_WORD];
        boolean ds = granule != Granule.BITS_64K && id.largeAddresses() && StreamTableEntry.s2ds(word3) != 0;
        int sl0 = (int) StreamTableEntry.s2sl0(word2) | (ds ? (int) StreamTableEntry.s2sl02(word3) << 2 : 0);
        int startLevel = startLevel(granule, sl0, ds, id);
        if (!sizeAllowed(granule, t0sz, ds, id) || !startAllowed(granule, startLevel, inputBits, ds, id)) {
            return null;
        }
        int wanted = Math.min(Identity.addressBits(StreamTableEntry.s2ps(word2)), id.outputBits());
        int outputBits = InputRange.outputBits(granule, ds, wanted);
        long ttb = StreamTableEntry.s2ttb(ste[StreamTableEntry.S2TTB_WORD]);
        if (ttb >>> outputBits != 0) {
            return null;
        }
        long rootBytes = Math.max(
                InputRange.leastTableBytes(wanted),
                (long) Long.BYTES << inputBits - Granule.shift(granule, startLevel));
        boolean updatesAccess = StreamTableEntry.s2ha(word2) != 0;
        return new Stage2Context(
                (int) StreamTableEntry.s2vmid(word2),
                granule,
                inputBits,
                startLevel,
                ttb & -rootBytes,
                outputBits,
                granule == Granule.BITS_64K ? id.largeBlocks(granule) : ds,
                AddressField.of(granule, ds, id),
                (int) StreamTableEntry.s2sh0(word2),
                id.forcedWriteBack() && StreamTableEntry.s2fwb(ste[StreamTableEntry.S2FWB_WORD]) != 0,
                StreamTableEntry.s2affd(word2) != 0,
                updatesAccess,
                updatesAccess && StreamTableEntry.s2hd(word2) != 0,
                StreamTableEntry.s2ptw(word2) != 0,
                id.stage2ExecuteNever(),
                StreamTableEntry.s2r(word2) != 0,
                StreamTableEntry.s2s(word2) != 0);
    }

    private static boolean legal(long word2, Identity id) {
        boolean stalls = StreamTableEntry.s2s(word2) != 0;
        boolean updatesAccess = StreamTableEntry.s2ha(word2) != 0;
        boolean updatesDirty = StreamTableEntry.s2hd(word2) != 0;
        return StreamTableEntry.s2aa64(word2) != 0
                && StreamTableEntry.s2endi(word2) == 0
                && !(stalls && !id.stalls())
                && !(!stalls && id.stallForced())
                && !(updatesAccess && id.httu() < Idr0.HTTU_ACCESS)
                // illegal without HTTU, else inert without HA
                && !(updatesDirty && id.httu() < Idr0.HTTU_ACCESS_DIRTY);
    }

    /** Whether S2VMID has no more bits than the SMMU. It counts for a stage 1 of EL1 too. */
    static boolean vmidAllowed(long word2, Identity id) {
        return id.vmid16() || StreamTableEntry.s2vmid(word2) <= MAX_VMID_WITHOUT_VMID16;
    }

    // S2SL0 counts up from the last level but one, with 16K and 64K from the last. 3 is the last level with 4K, if at
    // all, and level 0 with 16K and DS; 4 (S2SL0_2) is level -1 with 4K and DS
    private static int startLevel(int granule, int sl0, boolean ds, Identity id) {
        boolean small = granule == Granule.BITS_4K;
        if (sl0 == 4) {
            return small ? -1 : NO_LEVEL;
        }
        if (sl0 == 3) {
            if (granule == Granule.BITS_16K) {
                return ds ? 0 : NO_LEVEL;
            }
            return small && id.smallTranslationTables() ? Granule.LAST_LEVEL : NO_LEVEL;
        }
        return sl0 > 4 ? NO_LEVEL : Granule.LAST_LEVEL - sl0 - (small ? 1 : 0);
    }

    // IPAs have as many bits as physical addresses, and 48 without 52-bit descriptors
    private static boolean sizeAllowed(int granule, int t0sz, boolean ds, Identity id) {
        int small = granule == Granule.BITS_64K ? MAX_T0SZ_SMALL_TABLES - 1 : MAX_T0SZ_SMALL_TABLES;
        int max = id.smallTranslationTables() ? small : MAX_T0SZ;
        return t0sz >= Long.SIZE - InputRange.outputBits(granule, ds, id.outputBits()) && t0sz <= max;
    }

    /** The root resolves at least one bit, and its concatenation is no more than 16 tables. */
    private static boolean startAllowed(int granule, int startLevel, int inputBits, boolean ds, Identity id) {
        if (startLevel == NO_LEVEL) {
            return false;
        }
        int rootBits = inputBits - Granule.shift(granule, startLevel);
        int largest = Granule.bitsPerLevel(granule) + MAX_CONCATENATION_BITS;
        return rootBits >= 1
                && rootBits <= largest
                && InputRange.outputBits(granule, ds, id.outputBits()) > outputBitsTooFew(granule, startLevel);
    }

    // VMSAv8-64: where a level can be avoided by concatenation for every input size, it is no start
    private static int outputBitsTooFew(int granule, int startLevel) {
        if (granule == Granule.BITS_4K) {
            return startLevel < 0 ? 48 : startLevel == 0 ? 42 : 0;
        }
        if (startLevel == 0) {
            return 48;
        }
        return startLevel > 1 ? 0 : granule == Granule.BITS_16K ? 40 : 42;
    }

    boolean covers(long ipa) {
        return ipa >>> inputBits == 0;
    }
}
