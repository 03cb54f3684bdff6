package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.CmdCfgiSte;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.Opcode;

/**
 * Commands of the Secure queue, which reach either world: by SSec where they name a stream, else by what they are. Commands
 * of Secure EL2 are illegal, since there is none; those of EL3 are legal and find nothing, since no stream is of EL3.
 */
final class SecureCommands implements Commands {
    private final CommandSet secure;
    private final CommandSet nonSecure;
    private final TransactionSlots nonSecureTransactions;
    // something of the other world was invalidated since the last SYNC of this queue
    private boolean invalidated;

    SecureCommands(CommandSet secure, CommandSet nonSecure, TransactionSlots nonSecureTransactions) {
        this.secure = secure;
        this.nonSecure = nonSecure;
        this.nonSecureTransactions = nonSecureTransactions;
    }

    @Override
    public long execute(long word0, long word1) {
        return switch ((int) CmdCfgiSte.opcode(word0)) {
            case Opcode.PREFETCH_CONFIG,
                    Opcode.PREFETCH_ADDR,
                    Opcode.CFGI_STE,
                    Opcode.CFGI_STE_RANGE_CFGI_ALL,
                    Opcode.CFGI_CD,
                    Opcode.CFGI_CD_ALL,
                    Opcode.RESUME,
                    Opcode.STALL_TERM ->
                CmdCfgiSte.sSec(word0) == 0
                        ? other(word0, word1)
                        : secure.execute(CmdCfgiSte.withSSec(word0, 0), word1);
            case Opcode.TLBI_NSNH_ALL,
                    Opcode.TLBI_S12_VMALL,
                    Opcode.TLBI_S2_IPA,
                    Opcode.TLBI_EL2_ALL,
                    Opcode.TLBI_EL2_ASID,
                    Opcode.TLBI_EL2_VA,
                    Opcode.TLBI_EL2_VAA -> other(word0, word1);
            case Opcode.TLBI_EL3_ALL, Opcode.TLBI_EL3_VA -> CmdqCons.ERR_NONE;
            // device TLBs are of the other world only, whatever SSec says
            case Opcode.ATC_INV, Opcode.PRI_RESP -> {
                invalidated = true;
                yield secure.execute(CmdCfgiSte.withSSec(word0, 0), word1);
            }
            case Opcode.SYNC -> sync(word0, word1);
            default -> secure.execute(word0, word1);
        };
    }

    private long other(long word0, long word1) {
        invalidated = true;
        return nonSecure.execute(word0, word1);
    }

    private long sync(long word0, long word1) {
        if (invalidated) {
            nonSecureTransactions.drain();
            invalidated = false;
        }
        return secure.execute(word0, word1);
    }

    @Override
    public void completed() {
        secure.completed();
    }
}
