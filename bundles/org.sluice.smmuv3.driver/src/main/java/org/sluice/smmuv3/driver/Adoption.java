package org.sluice.smmuv3.driver;

import java.util.Set;
import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.smmuv3.arch.Cr1;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.PriqBase;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.memory.MemoryAbortException;

/**
 * Takes over an SMMU that runs. Everything is read and compared first; only when all of it is as this driver would have
 * written it does the unit's thread start, whose first write is the event queue's consumer index.
 */
final class Adoption {
    private final IommuHardware hardware;
    private final UnitHooks hooks;
    private final RegisterFile registers;
    private final UnitHost host;
    private final UnitRecord record;
    private final boolean contiguous;
    private final UnitLog log;
    private final Set<EventThread> running;
    private final FoundTables tables;

    Adoption(
            IommuHardware hardware,
            UnitHooks hooks,
            UnitHost host,
            UnitRecord record,
            boolean contiguous,
            UnitLog log,
            Set<EventThread> running) {
        this.hardware = hardware;
        this.hooks = hooks;
        this.registers = hooks.registers();
        this.host = host;
        this.record = record;
        this.contiguous = contiguous;
        this.log = log;
        this.running = running;
        this.tables = new FoundTables(host.allocator());
    }

    /**
     * Verifies and takes over.
     *
     * @return the unit, whose thread runs
     * @throws org.sluice.api.IommuException EINVAL with what differs; nothing was changed
     */
    Smmuv3Unit adopt() {
        if (record.version() != UnitRecord.VERSION) {
            throw Difference.refusal(
                    "the record has version %d, this driver knows %d", record.version(), UnitRecord.VERSION);
        }
        Features features = hooks.restrict(Features.identify(registers, hardware.properties()));
        verifyControl(features);
        UnitMemory memory = findMemory(features);
        CommandQueue queue = commandQueue(memory.commands(), Completion.of(features));
        Smmuv3Unit unit = new UnitParts(
                        hardware, registers, host, features, contiguous, memory, queue, hooks, log, running)
                .assemble();
        try {
            new TableAdoption(unit, features, memory, host, tables).adopt(record);
        } catch (MemoryAbortException abort) {
            unit.events().stop();
            throw Difference.refusal("a table leads to 0x%x, where there is no memory", abort.address());
        } catch (RuntimeException refusal) {
            unit.events().stop();
            throw refusal;
        }
        hooks.start(queue);
        unit.events().start();
        return unit;
    }

    private void verifyControl(Features features) {
        verify("CR0", read32(Cr0.ADDRESS), RegisterValues.cr0Running(features), -1);
        verify("CR0ACK", read32(Cr0Ack.ADDRESS), RegisterValues.cr0Running(features), -1);
        verify("CR1", read32(Cr1.ADDRESS), RegisterValues.cr1(), -1);
        verify("CR2", read32(Cr2.ADDRESS), RegisterValues.cr2(), -1);
        long lines = RegisterValues.irqCtrl(features);
        verify("IRQ_CTRL", read32(IrqCtrl.ADDRESS), lines, lines);
    }

    private UnitMemory findMemory(Features features) {
        long streams = StrtabBase.addr(registers.read64(StrtabBase.ADDRESS));
        StreamTable table = StreamTable.at(streams, features, host.memory(), host.allocator());
        verify("STRTAB_BASE_CFG", read32(StrtabBaseCfg.ADDRESS), table.configRegister(), -1);
        tables.take("STRTAB_BASE", streams, table.baseBytes());

        long commandBase = registers.read64(CmdqBase.ADDRESS);
        QueueRing commands =
                new QueueRing(CmdqBase.addr(commandBase), (int) CmdqBase.log2size(commandBase), Command.BYTES);
        tables.take("CMDQ_BASE", commands.base(), commands.bytes());

        long eventBase = registers.read64(EventqBase.ADDRESS);
        QueueRing events =
                new QueueRing(EventqBase.addr(eventBase), (int) EventqBase.log2size(eventBase), EventRecord.BYTES);
        tables.take("EVENTQ_BASE", events.base(), events.bytes());
        QueueRing requests = features.has(Feature.PAGE_REQUESTS) ? findPageRequests() : null;
        return new UnitMemory(table, commands, events, requests, ReservedStreams.of(hardware.properties()));
    }

    private QueueRing findPageRequests() {
        long base = registers.read64(PriqBase.ADDRESS);
        QueueRing ring = new QueueRing(PriqBase.addr(base), (int) PriqBase.log2size(base), PageRequestRecord.BYTES);
        tables.take("PRIQ_BASE", ring.base(), ring.bytes());
        return ring;
    }

    private CommandQueue commandQueue(QueueRing ring, Completion completion) {
        long consumed = ring.register(CmdqCons.rd(read32(CmdqCons.ADDRESS)));
        long waiting = ring.ahead(CmdqProd.wr(read32(CmdqProd.ADDRESS)), consumed);
        if (waiting > ring.entries()) {
            throw Difference.refusal(
                    "CMDQ_PROD is %d commands ahead of CMDQ_CONS, the queue has %d entries", waiting, ring.entries());
        }
        return new CommandQueue(registers, host.memory(), ring, log, completion, consumed, consumed + waiting);
    }

    private static void verify(String register, long found, long wanted, long used) {
        if (((found ^ wanted) & used) != 0) {
            throw Difference.refusal("%s is 0x%x, wanted 0x%x on the bits 0x%x", register, found, wanted, used);
        }
    }

    private long read32(long address) {
        return ControlRegisters.read32(registers, address);
    }
}
