package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.CmdCfgiCd;
import org.sluice.smmuv3.arch.CmdCfgiSte;
import org.sluice.smmuv3.arch.CmdCfgiSteRange;
import org.sluice.smmuv3.arch.CmdResume;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdTlbiEl2All;
import org.sluice.smmuv3.arch.CmdTlbiNhAsid;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdTlbiNsnhAll;

/**
 * The commands that this driver sends, as one static method per 64-bit word so that sending one allocates nothing. A command
 * whose second word is 0 has only a first-word method.
 */
final class Command {
    /** Words of a command. */
    static final int WORDS = CmdSync.WORDS;

    /** Bytes of a command. */
    static final int BYTES = CmdSync.BYTES;

    /** Range of CFGI_STE_RANGE that stands for every stream. */
    private static final long EVERY_STREAM = CmdCfgiSteRange.RANGE_MASK >>> CmdCfgiSteRange.RANGE_LSB;

    /** Normal, inner and outer write-back: the attributes of the completion's write, which Linux names OIWB. */
    private static final long MSI_WRITE_BACK = CmdSync.MSIATTR_MASK >>> CmdSync.MSIATTR_LSB;

    private Command() {}

    /** First word of CMD_SYNC that signals an event, as Linux sends it where it polls the consumer index. */
    static long sync() {
        long word = CmdSync.withOpcode(0, CmdSync.OPCODE_VALUE);
        word = CmdSync.withCs(word, CmdSync.CS_SEV);
        word = CmdSync.withMsh(word, CmdSync.MSH_INNER_SHAREABLE);
        return CmdSync.withMsiAttr(word, MSI_WRITE_BACK);
    }

    /** First word of CMD_SYNC that overwrites itself with zero, as Linux sends it where the SMMU sends messages. */
    static long messageSync() {
        long word = CmdSync.withOpcode(0, CmdSync.OPCODE_VALUE);
        word = CmdSync.withCs(word, CmdSync.CS_IRQ);
        word = CmdSync.withMsh(word, CmdSync.MSH_INNER_SHAREABLE);
        return CmdSync.withMsiAttr(word, MSI_WRITE_BACK);
    }

    /**
     * Second word of that CMD_SYNC.
     *
     * @param address where it lies itself
     */
    static long messageSyncAddress(long address) {
        return CmdSync.withMsiAddress(0, address);
    }

    /** First word of CMD_SYNC that signals nothing: what stands in for a command that the SMMU refused. */
    static long silentSync() {
        return CmdSync.withCs(CmdSync.withOpcode(0, CmdSync.OPCODE_VALUE), CmdSync.CS_NONE);
    }

    /** First word of CMD_CFGI_STE. */
    static long cfgiSte(int streamId) {
        return CmdCfgiSte.withStreamID(
                CmdCfgiSte.withOpcode(0, CmdCfgiSte.OPCODE_VALUE), Integer.toUnsignedLong(streamId));
    }

    /** Second word of CMD_CFGI_STE. */
    static long cfgiSteLeaf(boolean leafOnly) {
        return CmdCfgiSte.withLeaf(0, leafOnly ? 1 : 0);
    }

    /** First word of CMD_CFGI_ALL. */
    static long cfgiAll() {
        return CmdCfgiSteRange.withOpcode(0, CmdCfgiSteRange.OPCODE_VALUE);
    }

    /** Second word of CMD_CFGI_ALL. */
    static long cfgiAllRange() {
        return CmdCfgiSteRange.withRange(0, EVERY_STREAM);
    }

    /** First word of CMD_CFGI_CD. */
    static long cfgiCd(int streamId, int substreamId) {
        long word = CmdCfgiCd.withOpcode(0, CmdCfgiCd.OPCODE_VALUE);
        word = CmdCfgiCd.withSubstreamID(word, substreamId);
        return CmdCfgiCd.withStreamID(word, Integer.toUnsignedLong(streamId));
    }

    /** Second word of CMD_CFGI_CD. */
    static long cfgiCdLeaf(boolean leafOnly) {
        return CmdCfgiCd.withLeaf(0, leafOnly ? 1 : 0);
    }

    /** First word of CMD_TLBI_NSNH_ALL. */
    static long tlbiNsnhAll() {
        return CmdTlbiNsnhAll.withOpcode(0, CmdTlbiNsnhAll.OPCODE_VALUE);
    }

    /** First word of CMD_TLBI_EL2_ALL. */
    static long tlbiEl2All() {
        return CmdTlbiEl2All.withOpcode(0, CmdTlbiEl2All.OPCODE_VALUE);
    }

    /** First word of CMD_TLBI_NH_ASID for VMID 0, the one of streams without stage 2. */
    static long tlbiNhAsid(int asid) {
        return CmdTlbiNhAsid.withAsid(CmdTlbiNhAsid.withOpcode(0, CmdTlbiNhAsid.OPCODE_VALUE), asid);
    }

    /**
     * First word of CMD_TLBI_NH_VA for VMID 0.
     *
     * @param num pages of a range, encoded less one; 0 without a range
     * @param scale log2 of what num counts; 0 without a range
     */
    static long tlbiNhVa(int asid, long num, long scale) {
        long word = CmdTlbiNhVa.withOpcode(0, CmdTlbiNhVa.OPCODE_VALUE);
        word = CmdTlbiNhVa.withNum(word, num);
        word = CmdTlbiNhVa.withScale(word, scale);
        return CmdTlbiNhVa.withAsid(word, asid);
    }

    /**
     * Second word of CMD_TLBI_NH_VA.
     *
     * @param iova multiple of 4 KiB
     * @param tg granule as encoded there, 0 without a range
     * @param ttl level that holds the leaf, 0 for any
     */
    static long tlbiNhVaAddress(long iova, boolean leafOnly, long tg, long ttl) {
        long word = CmdTlbiNhVa.withAddr(0, iova);
        word = CmdTlbiNhVa.withLeaf(word, leafOnly ? 1 : 0);
        word = CmdTlbiNhVa.withTg(word, tg);
        return CmdTlbiNhVa.withTtl(word, ttl);
    }

    /** First word of CMD_RESUME. */
    static long resume(int streamId, boolean retry) {
        long word = CmdResume.withOpcode(0, CmdResume.OPCODE_VALUE);
        word = CmdResume.withResp(word, retry ? CmdResume.RESP_RETRY : CmdResume.RESP_ABORT);
        return CmdResume.withStreamID(word, Integer.toUnsignedLong(streamId));
    }

    /** Second word of CMD_RESUME. */
    static long resumeTag(long stag) {
        return CmdResume.withStag(0, stag);
    }
}
