package org.sluice.smmuv2.driver;

import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;
import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv2.arch.SIdr7;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.driver.IommuDriver;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/**
 * The driver service of SMMUv2. Hooks may come and go while units run: units ask those that match from the next call on.
 */
@Component(
        immediate = true,
        property = {
            IommuDriver.COMPATIBLE + "=arm,smmu-v2",
            IommuDriver.COMPATIBLE + "=arm,mmu-500",
            IommuDriver.COMPATIBLE + "=qcom,smmu-v2",
            IommuDriver.COMPATIBLE + "=qcom,adreno-smmu",
            IommuDriver.COMPATIBLE + "=qcom,msm8996-smmu-v2",
            IommuDriver.COMPATIBLE + "=qcom,smmu-500",
            IommuDriver.COMPATIBLE + "=qcom,sdm845-smmu-500",
            IommuDriver.COMPATIBLE + "=nvidia,tegra186-smmu",
            IommuDriver.COMPATIBLE + "=nvidia,tegra194-smmu",
            IommuDriver.COMPATIBLE + "=nvidia,tegra234-smmu",
            IommuDriver.COMPATIBLE + "=cavium,smmu-v2",
            IommuDriver.COMPATIBLE + "=marvell,ap806-smmu-500",
            IommuDriver.COMPATIBLE + "=calxeda,smmu-secure-config-access"
        })
public final class Smmuv2Driver implements IommuDriver {
    private final Logger logger;
    private final Set<FaultThread> running = ConcurrentHashMap.newKeySet();
    private final Map<Smmuv2Unit, HardwareIdentity> units = new ConcurrentHashMap<>();
    /** Highest ranking first. */
    private final Map<ServiceReference<Smmuv2Hooks>, Smmuv2Hooks> offered =
            new ConcurrentSkipListMap<>(Comparator.reverseOrder());

    /**
     * The service. A log that comes later is not taken: binding it would make a new service, which is a swap of the driver.
     *
     * @param logger the container's log, or null where there is none
     */
    @Activate
    public Smmuv2Driver(
            @Reference(service = LoggerFactory.class, cardinality = ReferenceCardinality.OPTIONAL) Logger logger) {
        this.logger = logger;
    }

    /** Stops the threads of units that nobody handed over. The hardware goes on. */
    @Deactivate
    public void deactivate() {
        running.forEach(FaultThread::stop);
    }

    /**
     * Hooks are there.
     *
     * @param reference by whose ranking they are ordered
     * @param hooks the service
     */
    @Reference(
            service = Smmuv2Hooks.class,
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY,
            unbind = "removeHooks")
    public void addHooks(ServiceReference<Smmuv2Hooks> reference, Smmuv2Hooks hooks) {
        offered.put(reference, hooks);
        match();
    }

    /**
     * Hooks are gone.
     *
     * @param reference as it came
     */
    public void removeHooks(ServiceReference<Smmuv2Hooks> reference) {
        offered.remove(reference);
        match();
    }

    // one at a time: the last to publish has seen the last change
    private synchronized void match() {
        List<Smmuv2Hooks> now = List.copyOf(offered.values());
        units.forEach((unit, identity) -> match(unit, identity, now));
    }

    private void match(Smmuv2Unit unit, HardwareIdentity identity, List<Smmuv2Hooks> now) {
        try {
            unit.use(Hooks.matching(identity, now));
        } catch (RuntimeException failure) {
            // one IOMMU's firmware is wrong, or hooks are; the others' hooks still change
            new UnitLog(logger, identity.iommu()).error("keeps its hooks, the new ones failed: " + failure);
        }
    }

    /** From here on a unit learns of changes; also of one that came while it was probed. */
    private synchronized void register(Smmuv2Unit unit, HardwareIdentity identity, List<Smmuv2Hooks> used) {
        units.keySet().removeIf(old -> old.subject().equals(identity.iommu()));
        units.put(unit, identity);
        List<Smmuv2Hooks> now = List.copyOf(offered.values());
        if (!now.equals(used)) {
            match(unit, identity, now);
        }
    }

    @Override
    public IommuUnit probe(IommuHardware hardware, UnitHost host) {
        return start(hardware, host, null);
    }

    @Override
    public IommuUnit adopt(IommuHardware hardware, UnitHost host, UnitRecord record) {
        return start(hardware, host, record);
    }

    private Smmuv2Unit start(IommuHardware hardware, UnitHost host, UnitRecord record) {
        UnitLog log = new UnitLog(logger, hardware.name());
        HardwareIdentity identity = new HardwareIdentity(
                hardware.name(),
                hardware.compatible(),
                hardware.registers().read32(SIdr7.OFFSET),
                hardware.properties(),
                hardware.platform());
        List<Smmuv2Hooks> now = List.copyOf(offered.values());
        Hooks hooks = Hooks.matching(identity, now);
        hooks.applied().forEach(applied -> log.info("uses hooks " + applied.name() + ": " + applied.reason()));
        HookedRegisters registers = new HookedRegisters(hardware.registers(), hooks);
        Features features = Features.identify(new Space(registers));
        var limits = hooks.probe(registers, features.found(), record != null);
        Smmuv2Unit unit = features.nested()
                ? new GuestUnit(hardware, registers, features, limits, hooks, log)
                : new Smmuv2Unit(hardware, registers, features, limits, hooks, log);
        if (record == null) {
            BitSet kept = hooks.keptStreams(registers, limits);
            Bringup.reset(unit, features, kept, () -> hooks.reset(registers, limits));
        } else {
            new Adoption(unit, features).adopt(record);
        }
        register(unit, identity, now);
        unit.start(new FaultThread(unit, host, log, running, hardware.name()));
        return unit;
    }
}
