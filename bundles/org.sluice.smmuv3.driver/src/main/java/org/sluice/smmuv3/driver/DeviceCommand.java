package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CmdPrefetchConfig;
import org.sluice.smmuv3.arch.CmdPriResp;
import org.sluice.smmuv3.arch.CmdStallTerm;

/** The commands that concern a device rather than the SMMU's own caches, as {@link Command}: a static method a word. */
final class DeviceCommand {
    /** SubstreamID of a command for untagged traffic. */
    static final int UNTAGGED = 0;

    /** Size of CMD_ATC_INV that stands for every address. */
    private static final int EVERY_ADDRESS = (int) CmdAtcInv.SIZE_ALL;

    private static final int PAGE_SHIFT = 12;

    private DeviceCommand() {}

    /**
     * First word of CMD_ATC_INV. Without a SubstreamID it reaches what the device cached for any.
     *
     * @param substreamId SubstreamID, or {@link #UNTAGGED}
     */
    static long atcInv(int streamId, int substreamId) {
        long word = CmdAtcInv.withOpcode(0, CmdAtcInv.OPCODE_VALUE);
        word = CmdAtcInv.withSsv(word, substreamId != UNTAGGED ? 1 : 0);
        word = CmdAtcInv.withSubstreamID(word, substreamId);
        return CmdAtcInv.withStreamID(word, Integer.toUnsignedLong(streamId));
    }

    /**
     * Second word of CMD_ATC_INV: the smallest aligned power of two of 4 KiB pages that covers a range, as Linux's
     * {@code arm_smmu_atc_inv_to_cmd}.
     *
     * @param first first byte
     * @param last last byte
     */
    static long atcInvRange(long first, long last) {
        int size = Long.SIZE - Long.numberOfLeadingZeros(first >>> PAGE_SHIFT ^ last >>> PAGE_SHIFT);
        if (size >= EVERY_ADDRESS) {
            return CmdAtcInv.withSize(0, EVERY_ADDRESS);
        }
        return CmdAtcInv.withAddr(CmdAtcInv.withSize(0, size), first & -1L << PAGE_SHIFT + size);
    }

    /** First word of CMD_PREFETCH_CONFIG; its second is 0. */
    static long prefetchConfig(int streamId) {
        long word = CmdPrefetchConfig.withOpcode(0, CmdPrefetchConfig.OPCODE_VALUE);
        return CmdPrefetchConfig.withStreamID(word, Integer.toUnsignedLong(streamId));
    }

    /** First word of CMD_STALL_TERM, which ends what stalls of a stream whose entry aborts; its second is 0. */
    static long stallTerm(int streamId) {
        long word = CmdStallTerm.withOpcode(0, CmdStallTerm.OPCODE_VALUE);
        return CmdStallTerm.withStreamID(word, Integer.toUnsignedLong(streamId));
    }

    /**
     * First word of CMD_PRI_RESP.
     *
     * @param substreamId SubstreamID, or {@link #UNTAGGED} for an answer without
     */
    static long priResp(int streamId, int substreamId) {
        long word = CmdPriResp.withOpcode(0, CmdPriResp.OPCODE_VALUE);
        word = CmdPriResp.withSsv(word, substreamId != UNTAGGED ? 1 : 0);
        word = CmdPriResp.withSubstreamID(word, substreamId);
        return CmdPriResp.withStreamID(word, Integer.toUnsignedLong(streamId));
    }

    /**
     * Second word of CMD_PRI_RESP.
     *
     * @param group page request group
     * @param response encoding of Resp
     */
    static long priRespGroup(int group, long response) {
        return CmdPriResp.withResp(CmdPriResp.withPrgIndex(0, group), response);
    }
}
