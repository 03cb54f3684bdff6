package org.sluice.smmuv3.driver;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.driver.base.UnitLog;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.bus.PowerDomain;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.IommuDriver;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** The driver service for {@code arm,smmu-v3}. Of its units it knows only the threads that run. */
@Component(
        immediate = true,
        configurationPid = "org.sluice.smmuv3.driver",
        property = IommuDriver.COMPATIBLE + "=arm,smmu-v3")
public final class Smmuv3Driver implements IommuDriver {
    /** Configuration, PID {@code org.sluice.smmuv3.driver}; a change is a swap of the driver, and for contexts made after it. */
    @interface Config {
        /** Whether page tables offer the sizes of contiguous groups, whose leaves carry the contiguous hint. */
        boolean contiguous() default false;
    }

    private static final String SERVICE_RANKING = "service.ranking";

    private final Logger logger;
    private final boolean contiguous;
    private final HookRegistry registry = new HookRegistry();
    private final Set<EventThread> running = ConcurrentHashMap.newKeySet();

    /**
     * The service. A log that comes later is not taken: binding it would make a new service, which is a swap of the driver.
     *
     * @param logger the container's log, or null where there is none
     * @param config what the administrator wants
     */
    @Activate
    public Smmuv3Driver(
            @Reference(service = LoggerFactory.class, cardinality = ReferenceCardinality.OPTIONAL) Logger logger,
            Config config) {
        this(logger, config.contiguous());
    }

    /**
     * The service outside of a container.
     *
     * @param logger where it logs, or null
     * @param contiguous whether page tables offer the sizes of contiguous groups
     */
    public Smmuv3Driver(Logger logger, boolean contiguous) {
        this.logger = logger;
        this.contiguous = contiguous;
    }

    /**
     * Stops the threads of units that nobody handed over, so that none is left beside a successor's. The hardware goes on.
     */
    @Deactivate
    public void deactivate() {
        running.forEach(EventThread::stop);
    }

    /**
     * Hooks come.
     *
     * @param hooks the service
     * @param properties of it
     */
    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY,
            unbind = "unbindHooks")
    public void bindHooks(Smmuv3Hooks hooks, Map<String, Object> properties) {
        registry.add(hooks, properties.get(SERVICE_RANKING) instanceof Integer ranking ? ranking : 0);
    }

    /**
     * Hooks go.
     *
     * @param hooks the service
     */
    public void unbindHooks(Smmuv3Hooks hooks) {
        registry.remove(hooks);
    }

    @Override
    public IommuUnit probe(IommuHardware hardware, UnitHost host) {
        requirePower(hardware);
        UnitLog log = new UnitLog(logger, hardware.name());
        UnitHooks hooks = new UnitHooks(hardware, registry, log);
        RegisterFile registers = hooks.registers();
        Features features = hooks.restrict(Features.identify(registers, hardware.properties()));
        ReservedStreams reserved = ReservedStreams.of(hardware.properties());
        ResetSequence reset = new ResetSequence(registers);
        reset.disable(reserved);
        UnitMemory memory = UnitMemory.allocate(features, reserved, host.memory(), host.allocator());
        try {
            Completion completion = Completion.of(features);
            CommandQueue queue = new CommandQueue(registers, host.memory(), memory.commands(), log, completion, 0, 0);
            reset.enable(memory, features, queue, QueuePositions.INITIAL);
            hooks.deviceReset();
            hooks.start(queue);
            Smmuv3Unit unit = new UnitParts(
                            hardware, registers, host, features, contiguous, memory, queue, hooks, log, running)
                    .assemble();
            unit.events().start();
            return unit;
        } catch (RuntimeException failure) {
            hooks.close();
            giveUp(reset, memory, host, failure);
            throw failure;
        }
    }

    @Override
    public IommuUnit adopt(IommuHardware hardware, UnitHost host, UnitRecord record) {
        requirePower(hardware);
        UnitLog log = new UnitLog(logger, hardware.name());
        UnitHooks hooks = new UnitHooks(hardware, registry, log);
        return new Adoption(hardware, hooks, host, record, contiguous, log, running).adopt();
    }

    /**
     * Registers that read as 0 without a warning would be taken for positions of the queues.
     *
     * @throws IommuException EOPNOTSUPP
     */
    private static void requirePower(IommuHardware hardware) {
        if (hardware.power() != PowerDomain.ALWAYS_ON) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    "the power of " + hardware.name() + " is switched by its board without a warning;"
                            + " this driver needs one that stays on, or is suspended before");
        }
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
