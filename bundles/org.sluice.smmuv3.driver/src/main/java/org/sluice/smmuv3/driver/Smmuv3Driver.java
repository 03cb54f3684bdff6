package org.sluice.smmuv3.driver;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.IommuDriver;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.driver.UnitRecord;

/** The driver service for {@code arm,smmu-v3}. Of its units it knows only the threads that run. */
@Component(immediate = true, property = IommuDriver.COMPATIBLE + "=arm,smmu-v3")
public final class Smmuv3Driver implements IommuDriver {
    private final Logger logger;
    private final Set<EventThread> running = ConcurrentHashMap.newKeySet();

    /**
     * The service. A log that comes later is not taken: binding it would make a new service, which is a swap of the driver.
     *
     * @param logger the container's log, or null where there is none
     */
    @Activate
    public Smmuv3Driver(
            @Reference(service = LoggerFactory.class, cardinality = ReferenceCardinality.OPTIONAL) Logger logger) {
        this.logger = logger;
    }

    /**
     * Stops the threads of units that nobody handed over, so that none is left beside a successor's. The hardware goes on.
     */
    @Deactivate
    public void deactivate() {
        running.forEach(EventThread::stop);
    }

    @Override
    public IommuUnit probe(IommuHardware hardware, UnitHost host) {
        UnitLog log = new UnitLog(logger, hardware.name());
        RegisterFile registers = hardware.registers();
        Features features = Features.identify(registers);
        ResetSequence reset = new ResetSequence(registers);
        reset.disable();
        UnitMemory memory = UnitMemory.allocate(features, host.memory(), host.allocator());
        try {
            CommandQueue queue = new CommandQueue(registers, host.memory(), memory.commands(), log, 0, 0);
            reset.enable(memory, features, queue);
            return UnitAssembly.start(hardware, host, features, memory, queue, log, running);
        } catch (RuntimeException failure) {
            giveUp(reset, memory, host, failure);
            throw failure;
        }
    }

    @Override
    public IommuUnit adopt(IommuHardware hardware, UnitHost host, UnitRecord record) {
        UnitLog log = new UnitLog(logger, hardware.name());
        return new Adoption(hardware, host, record, log, running).adopt();
    }

    /** Memory is freed only once the hardware has let go of it. */
    private static void giveUp(ResetSequence reset, UnitMemory memory, UnitHost host, RuntimeException failure) {
        try {
            reset.disable();
            memory.free(host.allocator());
        } catch (RuntimeException second) {
            failure.addSuppressed(second);
        }
    }
}
