package org.sluice.smmuv3.driver;

import java.util.function.IntUnaryOperator;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CmdCfgiCd;
import org.sluice.smmuv3.arch.CmdTlbiNhAll;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CommandHeader;
import org.sluice.smmuv3.arch.Opcode;

/**
 * A guest's invalidation commands, confined to its VMID and streams, as Linux's {@code arm_vsmmu_convert_user_cmd}. A command
 * is rebuilt from the fields that a guest may set: what else it wrote reaches nothing.
 *
 * @param vmid the guest's
 * @param streamIds the guest's StreamID to the hardware's, -1 for none
 */
record GuestCommands(int vmid, IntUnaryOperator streamIds) {
    private static final long TLBI_WORD0 =
            CmdTlbiNhVa.OPCODE_MASK | CmdTlbiNhVa.NUM_MASK | CmdTlbiNhVa.SCALE_MASK | CmdTlbiNhVa.ASID_MASK;

    private static final long TLBI_WORD1 =
            CmdTlbiNhVa.LEAF_MASK | CmdTlbiNhVa.TTL_MASK | CmdTlbiNhVa.TG_MASK | CmdTlbiNhVa.ADDR_MASK;

    private static final long CD_WORD0 = CmdCfgiCd.OPCODE_MASK | CmdCfgiCd.SUBSTREAMID_MASK;

    private static final long ATC_WORD0 =
            CmdAtcInv.OPCODE_MASK | CmdAtcInv.G_MASK | CmdAtcInv.SSV_MASK | CmdAtcInv.SUBSTREAMID_MASK;

    private static final long ATC_WORD1 = CmdAtcInv.SIZE_MASK | CmdAtcInv.ADDR_MASK;

    /**
     * Translates a command in place.
     *
     * @param words commands, two words each
     * @param index of the command
     * @throws IommuException EIO naming the command and why; nothing changed
     */
    void confine(long[] words, int index) {
        long word0 = words[2 * index];
        long word1 = words[2 * index + 1];
        int opcode = (int) CommandHeader.opcode(word0);
        switch (opcode) {
            case Opcode.TLBI_NSNH_ALL, Opcode.TLBI_NH_ALL -> {
                words[2 * index] = CmdTlbiNhAll.withOpcode(0, CmdTlbiNhAll.OPCODE_VALUE);
                words[2 * index + 1] = 0;
                confineToVmid(words, index);
            }
            case Opcode.TLBI_NH_ASID -> {
                words[2 * index] = word0 & (CmdTlbiNhVa.OPCODE_MASK | CmdTlbiNhVa.ASID_MASK);
                words[2 * index + 1] = 0;
                confineToVmid(words, index);
            }
            case Opcode.TLBI_NH_VA, Opcode.TLBI_NH_VAA -> {
                requireLegalRange(word0, word1, index);
                words[2 * index] = word0 & TLBI_WORD0;
                words[2 * index + 1] = word1 & TLBI_WORD1;
                confineToVmid(words, index);
            }
            case Opcode.CFGI_CD, Opcode.CFGI_CD_ALL -> {
                int stream = stream(word0, index);
                words[2 * index] = CmdCfgiCd.withStreamID(word0 & CD_WORD0, Integer.toUnsignedLong(stream));
                words[2 * index + 1] = opcode == Opcode.CFGI_CD ? word1 & CmdCfgiCd.LEAF_MASK : 0;
            }
            case Opcode.ATC_INV -> {
                int stream = stream(word0, index);
                words[2 * index] = CmdAtcInv.withStreamID(word0 & ATC_WORD0, Integer.toUnsignedLong(stream));
                words[2 * index + 1] = word1 & ATC_WORD1;
            }
            default ->
                throw new IommuException(
                        Errno.EIO,
                        String.format(
                                "command %d of the guest, %s 0x%016x 0x%016x, is not one that a guest may give",
                                index, Opcode.name(opcode), word0, word1));
        }
    }

    /** Whether a translated command is for a device's cache, which must wait for the TLBs'. */
    static boolean isForDevice(long word0) {
        return CommandHeader.opcode(word0) == Opcode.ATC_INV;
    }

    private void confineToVmid(long[] words, int index) {
        words[2 * index] = CmdTlbiNhAll.withVmid(words[2 * index], vmid);
    }

    /** A range of one page without a level is an illegal encoding: the guest learns of it before the queue would. */
    private static void requireLegalRange(long word0, long word1, int index) {
        boolean empty = CmdTlbiNhVa.num(word0) == 0 && CmdTlbiNhVa.scale(word0) == 0 && CmdTlbiNhVa.ttl(word1) == 0;
        if (CmdTlbiNhVa.tg(word1) != CmdTlbiNhVa.TG_NONE && empty) {
            throw new IommuException(
                    Errno.EIO,
                    String.format(
                            "command %d of the guest has TG %d, and NUM, SCALE and TTL 0",
                            index, CmdTlbiNhVa.tg(word1)));
        }
    }

    private int stream(long word0, int index) {
        int theirs = (int) CmdCfgiCd.streamID(word0);
        int stream = streamIds.applyAsInt(theirs);
        if (stream == -1) {
            throw new IommuException(
                    Errno.EIO, String.format("command %d of the guest: it has no StreamID 0x%x", index, theirs));
        }
        return stream;
    }
}
