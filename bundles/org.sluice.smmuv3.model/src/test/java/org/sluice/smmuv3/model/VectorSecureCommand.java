package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;

/** A command vector of the Secure queue: whether it is legal there. */
final class VectorSecureCommand {
    private static final int BANK = 0x8000;
    private static final long COMMANDS = 0x8910_0000L;

    private VectorSecureCommand() {}

    static void check(Vector vector, Smmu smmu) {
        smmu.registers.write64(BANK + CmdqBase.ADDRESS, COMMANDS | Smmu.QUEUE_BITS);
        smmu.registers.write32(BANK + Cr0.ADDRESS, (int) Cr0.CMDQEN_MASK);
        smmu.write(COMMANDS, vector.input());
        smmu.registers.write32(BANK + CmdqProd.ADDRESS, 1);
        int consumer = smmu.registers.read32(BANK + CmdqCons.ADDRESS);
        int errors = smmu.registers.read32(BANK + Gerror.ADDRESS) ^ smmu.registers.read32(BANK + Gerrorn.ADDRESS);
        boolean failed = (errors & Gerror.CMDQ_MASK) != 0;
        boolean consumed = CmdqCons.rd(consumer) == 1;
        if (vector.says(Phrase.COMMAND_ERROR)) {
            VectorCommand.checkError(vector, failed ? CmdqCons.err(consumer) : CmdqCons.ERR_NONE, consumed);
        } else {
            assertThat(failed).as(vector.expected()).isFalse();
            assertThat(consumed).isTrue();
        }
    }
}
