package org.sluice.smmuv3.driver;

import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr1;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqIrqCfg0;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.GerrorIrqCfg0;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.bus.RegisterFile;

/** Takes an SMMU from any state to a known one, in the order of Linux's {@code arm_smmu_device_reset}. */
final class ResetSequence {
    private final RegisterFile registers;
    private final ControlRegisters control;

    ResetSequence(RegisterFile registers) {
        this.registers = registers;
        this.control = new ControlRegisters(registers);
    }

    /**
     * Disables it, so that everything aborts.
     *
     * @throws IommuException ETIMEDOUT
     */
    void disable() {
        control.abortWhileDisabled();
        control.writeIrqCtrl(0);
        control.writeCr0(0);
    }

    /**
     * Gives a disabled SMMU its tables and queues and enables it.
     *
     * @param memory where they are; both queues are empty
     * @param features what it is able to do
     * @param queue the command queue
     * @throws IommuException ETIMEDOUT
     */
    void enable(UnitMemory memory, Features features, CommandQueue queue) {
        registers.write32(Cr1.ADDRESS, (int) RegisterValues.cr1());
        registers.write32(Cr2.ADDRESS, (int) RegisterValues.cr2());
        registers.write64(StrtabBase.ADDRESS, memory.streams().baseRegister());
        registers.write32(StrtabBaseCfg.ADDRESS, (int) memory.streams().configRegister());

        registers.write64(CmdqBase.ADDRESS, RegisterValues.commandQueueBase(memory.commands()));
        registers.write32(CmdqProd.ADDRESS, 0);
        registers.write32(CmdqCons.ADDRESS, 0);
        control.writeCr0(RegisterValues.cr0Commands());
        invalidateEverything(features, queue);

        registers.write64(EventqBase.ADDRESS, RegisterValues.eventQueueBase(memory.events()));
        registers.write32(EventqProd.ADDRESS, 0);
        registers.write32(EventqCons.ADDRESS, 0);
        control.writeCr0(RegisterValues.cr0Queues());

        // Address 0 sends no message: the lines are wired.
        registers.write64(GerrorIrqCfg0.ADDRESS, 0);
        registers.write64(EventqIrqCfg0.ADDRESS, 0);
        control.writeIrqCtrl(RegisterValues.irqCtrl());
        control.writeCr0(RegisterValues.cr0Running());
    }

    private static void invalidateEverything(Features features, CommandQueue queue) {
        queue.submit(Command.cfgiAll(), Command.cfgiAllRange());
        queue.sync();
        if (features.hypervisor()) {
            queue.submit(Command.tlbiEl2All(), 0);
        }
        queue.submit(Command.tlbiNsnhAll(), 0);
        queue.sync();
    }
}
