package org.sluice.smmuv3.driver;

import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr1;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqIrqCfg0;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.GerrorIrqCfg0;
import org.sluice.smmuv3.arch.PriqBase;
import org.sluice.smmuv3.arch.PriqCons;
import org.sluice.smmuv3.arch.PriqIrqCfg0;
import org.sluice.smmuv3.arch.PriqProd;
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
     * Disables it before the first enabling. Where firmware left streams running past an SMMU that does not translate, they run
     * on; otherwise everything aborts.
     *
     * @throws IommuException ETIMEDOUT
     */
    void disable(ReservedStreams running) {
        long cr0 = ControlRegisters.read32(registers, Cr0.ADDRESS);
        if (running.isEmpty() || Cr0.smmuen(cr0) != 0) {
            control.abortWhileDisabled();
        }
        control.writeIrqCtrl(0);
        control.writeCr0(0);
    }

    /**
     * Gives a disabled SMMU its tables and queues and enables it.
     *
     * @param memory where they are
     * @param features what it is able to do
     * @param queue the command queue, which sends commands from the moment when the SMMU takes them
     * @param positions where the queues begin
     * @throws IommuException ETIMEDOUT
     */
    void enable(UnitMemory memory, Features features, CommandQueue queue, QueuePositions positions) {
        registers.write32(Cr1.ADDRESS, (int) RegisterValues.cr1());
        registers.write32(Cr2.ADDRESS, (int) RegisterValues.cr2());
        registers.write64(StrtabBase.ADDRESS, memory.streams().baseRegister());
        registers.write32(StrtabBaseCfg.ADDRESS, (int) memory.streams().configRegister());

        registers.write64(CmdqBase.ADDRESS, RegisterValues.commandQueueBase(memory.commands()));
        registers.write32(CmdqProd.ADDRESS, (int) positions.command());
        registers.write32(CmdqCons.ADDRESS, (int) positions.command());
        control.writeCr0(RegisterValues.cr0Commands());
        queue.resume();
        invalidateEverything(features, queue);

        registers.write64(EventqBase.ADDRESS, RegisterValues.eventQueueBase(memory.events()));
        registers.write32(EventqProd.ADDRESS, (int) positions.events().producer());
        registers.write32(EventqCons.ADDRESS, (int) positions.events().consumer());
        control.writeCr0(RegisterValues.cr0Events());
        if (features.has(Feature.PAGE_REQUESTS)) {
            registers.write64(PriqBase.ADDRESS, RegisterValues.pageRequestQueueBase(memory.pageRequests()));
            registers.write32(PriqProd.ADDRESS, (int) positions.requests().producer());
            registers.write32(PriqCons.ADDRESS, (int) positions.requests().consumer());
            control.writeCr0(RegisterValues.cr0Queues(features));
        }
        if (features.has(Feature.ATS)) {
            control.writeCr0(RegisterValues.cr0Idle(features));
        }

        // Address 0 sends no message: the lines are wired.
        registers.write64(GerrorIrqCfg0.ADDRESS, 0);
        registers.write64(EventqIrqCfg0.ADDRESS, 0);
        if (features.has(Feature.PAGE_REQUESTS)) {
            registers.write64(PriqIrqCfg0.ADDRESS, 0);
        }
        control.writeIrqCtrl(RegisterValues.irqCtrl(features));
        control.writeCr0(RegisterValues.cr0Running(features));
    }

    /**
     * Ends translation, and leaves the queues on.
     *
     * @throws IommuException ETIMEDOUT
     */
    void stopTranslation(Features features) {
        control.abortWhileDisabled();
        control.writeCr0(RegisterValues.cr0Idle(features));
    }

    /**
     * Begins it again.
     *
     * @throws IommuException ETIMEDOUT
     */
    void startTranslation(Features features) {
        control.writeCr0(RegisterValues.cr0Running(features));
    }

    /** Makes the SMMU forget configuration and translations of every kind; done on return. */
    void invalidateEverything(Features features, CommandQueue queue) {
        queue.submit(Command.cfgiAll(), Command.cfgiAllRange());
        queue.sync();
        if (features.has(Feature.HYPERVISOR)) {
            queue.submit(Command.tlbiEl2All(), 0);
        }
        queue.submit(Command.tlbiNsnhAll(), 0);
        queue.sync();
    }
}
