package org.sluice.core;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.sluice.api.Counters;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.FaultListener;
import org.sluice.api.Iommu;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuGroup;
import org.sluice.api.MappingTrace;
import org.sluice.api.MappingWatch;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;
import org.sluice.api.SwapListener;
import org.sluice.api.UnitStatus;
import org.sluice.core.event.EventSink;
import org.sluice.core.fault.FaultWorkers;
import org.sluice.core.offer.Catalogue;
import org.sluice.core.offer.Offer;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.Commons;
import org.sluice.core.sva.Processes;
import org.sluice.core.swap.DriverSwaps;
import org.sluice.core.swap.Fleet;
import org.sluice.core.swap.FormatSwaps;
import org.sluice.core.swap.PlugInSwaps;
import org.sluice.core.swap.SwapReports;
import org.sluice.core.swap.SwapThread;
import org.sluice.core.unit.DefaultPolicy;
import org.sluice.core.unit.Site;
import org.sluice.core.unit.Unit;
import org.sluice.core.unit.UnitCounts;
import org.sluice.spi.board.Board;
import org.sluice.spi.driver.IommuDriver;
import org.sluice.spi.driver.MmAllocator;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.sva.ProcessAddressSpaces;

/**
 * The entrance: finds boards, drivers, formats and plug-ins in the registry while they come and go, and is the {@link Iommu}
 * that clients call. Callbacks of the registry post to the swap thread when something comes, and wait a bounded time when
 * something leaves; they may be called by any thread.
 */
@Component(
        immediate = true,
        service = {Iommu.class, Counters.class, MappingWatch.class},
        configurationPid = "org.sluice.core")
public final class Platform implements Iommu, Counters, MappingWatch {
    /** Configuration, PID {@code org.sluice.core}. */
    @interface Config {
        /** Longest wait of a call for a missing driver or format, ms; 0 for none. */
        long gate_timeout_millis() default 5000;

        /** Longest wait for operations in flight when a bundle leaves or tables are freed, ms. */
        long drain_timeout_millis() default 2000;

        /** Where devices go that nobody attached: blocked, passthrough, strict or lazy. Needs a restart of the component. */
        String default_domain() default "blocked";

        /** Threads that repair page faults, above 0. Needs a restart of the component. */
        int fault_threads() default 4;

        /** Groups of page faults that may wait for a thread, above 0. Needs a restart of the component. */
        int fault_queue() default 1024;

        /** Longest time from a page fault's arrival to its answer, ms. */
        long fault_timeout_millis() default 10_000;

        /** Whether every mapping remembers who made it; see {@link MappingWatch}. */
        boolean mapping_watch() default false;
    }

    private final Commons commons;
    private final FaultWorkers faultWorkers;
    private final DefaultPolicy policy;
    private final Processes processes = new Processes();
    private final Catalogue catalogue = Catalogue.empty();
    private final List<FaultListener> faultListeners = new CopyOnWriteArrayList<>();
    private final SwapReports reports = new SwapReports();
    private final SwapThread swapThread = new SwapThread();
    private final Fleet fleet;
    private final FormatSwaps formats;
    private final DriverSwaps drivers;
    private final PlugInSwaps plugIns;
    private final Map<Board, List<Unit>> boards = new ConcurrentHashMap<>();
    private int nextGroup; // guarded by this

    /**
     * Starts without anything.
     *
     * @param config times
     */
    @Activate
    public Platform(Config config) {
        this(
                Commons.of(config.gate_timeout_millis(), config.drain_timeout_millis()),
                new FaultWorkers(config.fault_threads(), config.fault_queue(), config.fault_timeout_millis()),
                DefaultPolicy.of(config.default_domain()));
        commons.watch().setOn(config.mapping_watch());
    }

    Platform(Commons commons) {
        this(commons, new FaultWorkers(4, 1024, 10_000), DefaultPolicy.BLOCKED);
    }

    Platform(Commons commons, FaultWorkers faultWorkers, DefaultPolicy policy) {
        this.commons = commons;
        this.faultWorkers = faultWorkers;
        this.policy = policy;
        this.fleet = new Fleet(commons);
        this.formats = new FormatSwaps(fleet, catalogue.formats(), swapThread, reports);
        this.drivers = new DriverSwaps(fleet, catalogue.drivers(), swapThread, reports);
        this.plugIns = new PlugInSwaps(fleet, catalogue.allocators(), reports);
        faultListeners.add(commons.events());
        reports.listeners().add(commons.events());
    }

    /**
     * Takes other times; what else changed waits for a restart of the component.
     *
     * @param config times
     */
    @Modified
    public void reconfigure(Config config) {
        commons.timeouts().set(config.gate_timeout_millis(), config.drain_timeout_millis());
        faultWorkers.setTimeout(config.fault_timeout_millis());
        if (commons.watch().isOn() != config.mapping_watch()) {
            commons.watch().setOn(config.mapping_watch());
        }
    }

    /** Takes every space away and switches the IOMMUs off: nobody would own the tables any more. */
    @Deactivate
    public void close() {
        swapThread.close();
        commons.clock().close();
        fleet.units().forEach(Unit::shutdown);
        fleet.units().clear();
        faultWorkers.close();
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addBoard(Board board) {
        Site site = new Site(board, commons, catalogue, swapThread, faultListeners, faultWorkers, policy);
        synchronized (this) {
            nextGroup = site.populate(nextGroup);
        }
        List<Unit> units = site.units();
        boards.put(board, units);
        fleet.units().addAll(units);
        units.forEach(
                unit -> swapThread.execute(() -> drivers.came(unit.hardware().compatible())));
    }

    void removeBoard(Board board) {
        List<Unit> units = boards.remove(board);
        if (units != null) {
            fleet.units().removeAll(units);
            units.forEach(Unit::shutdown);
        }
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addDriver(IommuDriver driver, ServiceReference<IommuDriver> reference) {
        driverCame(driver, provider(reference, IommuDriver.COMPATIBLE));
    }

    void removeDriver(IommuDriver driver, ServiceReference<IommuDriver> reference) {
        driverLeft(serviceId(reference));
    }

    void driverCame(IommuDriver driver, Provider provider) {
        catalogue.drivers().add(new Offer<>(provider, driver));
        provider.keys().forEach(compatible -> swapThread.execute(() -> drivers.came(compatible)));
    }

    void driverLeft(long serviceId) {
        catalogue.drivers().remove(serviceId).ifPresent(drivers::left);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addFormat(PageTableFormat format, ServiceReference<PageTableFormat> reference) {
        formatCame(format, provider(reference, PageTableFormat.FORMAT));
    }

    void removeFormat(PageTableFormat format, ServiceReference<PageTableFormat> reference) {
        formatLeft(serviceId(reference));
    }

    void formatCame(PageTableFormat format, Provider provider) {
        catalogue.formats().add(new Offer<>(provider, format));
        provider.keys().forEach(name -> swapThread.execute(() -> formats.came(name)));
    }

    void formatLeft(long serviceId) {
        catalogue.formats().remove(serviceId).ifPresent(formats::left);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addAllocator(MmAllocator allocator, ServiceReference<MmAllocator> reference) {
        allocatorCame(allocator, provider(reference, MmAllocator.COMPATIBLE));
    }

    void removeAllocator(MmAllocator allocator, ServiceReference<MmAllocator> reference) {
        allocatorLeft(serviceId(reference));
    }

    void allocatorCame(MmAllocator allocator, Provider provider) {
        catalogue.allocators().add(new Offer<>(provider, allocator));
        swapThread.execute(() -> plugIns.came(provider));
    }

    void allocatorLeft(long serviceId) {
        catalogue.allocators().remove(serviceId).ifPresent(plugIns::left);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addFaultListener(FaultListener listener) {
        faultListeners.add(listener);
    }

    void removeFaultListener(FaultListener listener) {
        faultListeners.remove(listener);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addProcesses(ProcessAddressSpaces service) {
        processes.add(service);
    }

    void removeProcesses(ProcessAddressSpaces service) {
        processes.remove(service);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addSwapListener(SwapListener listener) {
        reports.listeners().add(listener);
    }

    void removeSwapListener(SwapListener listener) {
        reports.listeners().remove(listener);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addEventSink(EventSink sink) {
        commons.events().sinks().add(sink);
    }

    void removeEventSink(EventSink sink) {
        commons.events().sinks().remove(sink);
    }

    @Override
    public boolean isOn() {
        return commons.watch().isOn();
    }

    @Override
    public void setOn(boolean on) {
        commons.watch().setOn(on);
    }

    @Override
    public List<MappingTrace> live() {
        return commons.watch().live();
    }

    @Override
    public List<MappingTrace> unmapped() {
        return commons.watch().unmapped();
    }

    @Override
    public List<IommuDevice> devices() {
        return fleet.units().stream()
                .flatMap(unit -> unit.devices().stream())
                .sorted(Comparator.comparing(IommuDevice::name))
                .toList();
    }

    @Override
    public Optional<IommuDevice> device(String name) {
        return devices().stream().filter(device -> device.name().equals(name)).findFirst();
    }

    @Override
    public List<IommuGroup> groups() {
        return fleet.units().stream()
                .flatMap(unit -> unit.groups().stream())
                .sorted(Comparator.comparingInt(IommuGroup::id))
                .toList();
    }

    @Override
    public Domain allocDomain(IommuDevice device, DomainRequest request) {
        return Unit.of(device).allocDomain(request);
    }

    @Override
    public SvaBond bind(IommuDevice device, long process) {
        return Unit.of(device).shared().bind(device, processes.find(process), null);
    }

    @Override
    public SvaBond bind(IommuDevice device, long process, Set<SvaFeature> features) {
        return Unit.of(device).shared().bind(device, processes.find(process), features);
    }

    @Override
    public Optional<SvaBond> bond(IommuDevice device, int pasid) {
        return Unit.of(device).shared().find(device, pasid);
    }

    @Override
    public List<UnitStatus> status() {
        return fleet.units().stream().map(Unit::status).toList();
    }

    @Override
    public String subject() {
        return "core";
    }

    @Override
    public Map<String, Long> read() {
        Map<String, Long> values = new TreeMap<>();
        List<Unit> units = fleet.units();
        values.put("tables.live", commons.counters().live());
        values.put("tables.bytes", commons.counters().bytes());
        UnitCounts.read(units, values);
        faultWorkers.counters().read(values);
        values.put("swaps", reports.adopted());
        values.put("gate.parked", commons.gate().parked());
        commons.events().count(values);
        return values;
    }

    /** The thread on which swaps happen, so that a test can wait for what it posted. */
    SwapThread swapThread() {
        return swapThread;
    }

    private static Provider provider(ServiceReference<?> reference, String keyProperty) {
        Bundle bundle = reference.getBundle();
        Object ranking = reference.getProperty(Constants.SERVICE_RANKING);
        return new Provider(
                serviceId(reference),
                keys(reference.getProperty(keyProperty)),
                ranking instanceof Integer number ? number : 0,
                bundle == null ? "unknown" : bundle.getSymbolicName(),
                bundle == null ? "0" : bundle.getVersion().toString());
    }

    private static long serviceId(ServiceReference<?> reference) {
        return (Long) reference.getProperty(Constants.SERVICE_ID);
    }

    private static Set<String> keys(Object property) {
        Set<String> keys = new LinkedHashSet<>();
        if (property instanceof String one) {
            keys.add(one);
        } else if (property instanceof String[] many) {
            keys.addAll(Arrays.asList(many));
        } else if (property instanceof Collection<?> many) {
            many.forEach(one -> keys.add(String.valueOf(one)));
        }
        return keys;
    }
}
