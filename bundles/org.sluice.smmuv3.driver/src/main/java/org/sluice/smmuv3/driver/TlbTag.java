package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.CmdTlbiNhAll;
import org.sluice.smmuv3.arch.CmdTlbiS12Vmall;
import org.sluice.smmuv3.arch.CmdTlbiS2Ipa;

/**
 * What the TLB entries of a context carry, and the words of the commands that name them.
 *
 * @param stage 1 for an ASID of streams without stage 2, which have VMID 0; 2 for a VMID
 * @param number ASID or VMID
 */
record TlbTag(int stage, int number) {
    static TlbTag asid(int asid) {
        return new TlbTag(1, asid);
    }

    static TlbTag vmid(int vmid) {
        return new TlbTag(2, vmid);
    }

    /** The command for everything with this tag; its second word is 0. */
    long everything() {
        return stage == 1
                ? Command.tlbiNhAsid(number)
                : CmdTlbiS12Vmall.withVmid(CmdTlbiS12Vmall.withOpcode(0, CmdTlbiS12Vmall.OPCODE_VALUE), number);
    }

    /**
     * First word of the command for a range.
     *
     * @param num pages, encoded less one; 0 without a range
     * @param scale log2 of what num counts; 0 without a range
     */
    long range(long num, long scale) {
        if (stage == 1) {
            return Command.tlbiNhVa(number, num, scale);
        }
        long word = CmdTlbiS2Ipa.withOpcode(0, CmdTlbiS2Ipa.OPCODE_VALUE);
        word = CmdTlbiS2Ipa.withNum(word, num);
        word = CmdTlbiS2Ipa.withScale(word, scale);
        return CmdTlbiS2Ipa.withVmid(word, number);
    }

    /**
     * Second word of that command.
     *
     * @param address multiple of 4 KiB
     * @param tg granule as encoded there, 0 without a range
     * @param ttl level that holds the leaf, 0 for any
     */
    long address(long address, boolean leafOnly, long tg, long ttl) {
        if (stage == 1) {
            return Command.tlbiNhVaAddress(address, leafOnly, tg, ttl);
        }
        long word = CmdTlbiS2Ipa.withIpa(0, address);
        word = CmdTlbiS2Ipa.withLeaf(word, leafOnly ? 1 : 0);
        word = CmdTlbiS2Ipa.withTg(word, tg);
        return CmdTlbiS2Ipa.withTtl(word, ttl);
    }

    /** For a VMID: the command for what its guest's stage 1 left in the TLB; its second word is 0. */
    long guests() {
        return CmdTlbiNhAll.withVmid(CmdTlbiNhAll.withOpcode(0, CmdTlbiNhAll.OPCODE_VALUE), number);
    }
}
