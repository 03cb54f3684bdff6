package org.sluice.smmuv3.driver;

import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv3.arch.Cerror;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * The global errors: each is active while its bits in GERROR and GERRORN differ. Whoever waits for the hardware calls
 * {@link #handle}, and so does the unit's thread when the interrupt comes; the monitor of this object makes one of them act.
 */
final class GlobalErrors {
    private final RegisterFile registers;
    private final PhysicalMemory memory;
    private final QueueRing commands;
    private final UnitLog log;
    private volatile long refusedCommands;
    private volatile long deviceTimeouts;
    private volatile boolean failed;

    GlobalErrors(RegisterFile registers, PhysicalMemory memory, QueueRing commands, UnitLog log) {
        this.registers = registers;
        this.memory = memory;
        this.commands = commands;
        this.log = log;
    }

    /** Handles and acknowledges every active error. Without one it costs two register reads and allocates nothing. */
    void handle() {
        if (active() != 0) {
            handleActive();
        }
    }

    /** How many commands the SMMU refused as illegal. */
    long refusedCommands() {
        return refusedCommands;
    }

    /** How often a device did not answer an invalidation of its cache before a CMD_SYNC was due. */
    long deviceTimeouts() {
        return deviceTimeouts;
    }

    /** Whether the SMMU has given up for good: Service Failure Mode. */
    boolean isFailed() {
        return failed;
    }

    /** Both registers in words. */
    String describe() {
        return String.format(
                "GERROR 0x%x, GERRORN 0x%x", registers.read32(Gerror.ADDRESS), registers.read32(Gerrorn.ADDRESS));
    }

    private synchronized void handleActive() {
        long gerror = ControlRegisters.read32(registers, Gerror.ADDRESS);
        long active = gerror ^ ControlRegisters.read32(registers, Gerrorn.ADDRESS);
        if (active == 0) {
            return;
        }
        if (Gerror.sfm(active) != 0) {
            failed = true;
            log.error("the SMMU has entered Service Failure Mode and is disabled: it needs a reset");
            registers.write32(Cr0.ADDRESS, 0);
        }
        long unserved = Gerror.withSfm(Gerror.withCmdq(active, 0), 0);
        if (unserved != 0) {
            log.error("global error, " + Gerror.LAYOUT.describe(new long[] {unserved}, 0));
        }
        if (Gerror.cmdq(active) != 0) {
            recoverCommandQueue();
        }
        registers.write32(Gerrorn.ADDRESS, (int) gerror);
    }

    /**
     * The SMMU stopped at the command that CONS names, and goes on from there once the error is acknowledged: an illegal
     * command is replaced by a CMD_SYNC, anything else is fetched or waited for again. So every other command runs, and runs
     * once; a CMD_SYNC that was told of a device's silence completes the second time.
     */
    private void recoverCommandQueue() {
        long cons = ControlRegisters.read32(registers, CmdqCons.ADDRESS);
        long error = CmdqCons.err(cons);
        long address = commands.address(CmdqCons.rd(cons));
        if (error == CmdqCons.ERR_ATC_INV_SYNC) {
            deviceTimeouts++;
        }
        if (error != CmdqCons.ERR_ILL) {
            log.error(String.format("CERROR_%s at command queue index 0x%x", Cerror.name(error), CmdqCons.rd(cons)));
            return;
        }
        long word0 = memory.read64(address);
        long word1 = memory.read64(address + Long.BYTES);
        log.error(String.format(
                "CERROR_ILL at command queue index 0x%x: %s 0x%016x 0x%016x is skipped",
                CmdqCons.rd(cons), Opcode.name((int) CmdSync.opcode(word0)), word0, word1));
        refusedCommands++;
        memory.write64(address, Command.silentSync());
        memory.write64(address + Long.BYTES, 0);
    }

    private long active() {
        return ControlRegisters.read32(registers, Gerror.ADDRESS) ^ ControlRegisters.read32(registers, Gerrorn.ADDRESS);
    }
}
