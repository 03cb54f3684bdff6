package org.sluice.smmuv3.driver;

import java.util.Set;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.driver.UnitHost;

/** Puts the parts of a unit together around hardware that runs. */
final class UnitAssembly {
    private UnitAssembly() {}

    /**
     * A unit whose thread runs.
     *
     * @param running the set that the thread is in while it runs
     */
    static Smmuv3Unit start(
            IommuHardware hardware,
            UnitHost host,
            Features features,
            UnitMemory memory,
            CommandQueue queue,
            UnitLog log,
            Set<EventThread> running) {
        Smmuv3Unit unit = assemble(hardware, host, features, memory, queue, log, running);
        unit.events().start();
        return unit;
    }

    /** A unit whose thread does not run yet: it changes nothing. */
    static Smmuv3Unit assemble(
            IommuHardware hardware,
            UnitHost host,
            Features features,
            UnitMemory memory,
            CommandQueue queue,
            UnitLog log,
            Set<EventThread> running) {
        long cons = ControlRegisters.read32(hardware.registers(), EventqCons.ADDRESS);
        EventQueue eventQueue = new EventQueue(hardware.registers(), host.memory(), memory.events(), log, cons);
        EventThread events = new EventThread(
                hardware.name(),
                hardware.interrupts(),
                eventQueue,
                queue.errors(),
                new FaultReporter(host, queue, log),
                log,
                running);
        ResetSequence reset = new ResetSequence(hardware.registers());
        return ContextTable.substreamBits(features, features.substreamBits()) > 0
                ? new SubstreamUnit(hardware.name(), features, host, reset, memory, queue, events)
                : new Smmuv3Unit(hardware.name(), features, host, reset, memory, queue, events);
    }
}
