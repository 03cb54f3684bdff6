package org.sluice.core.unit;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultHandler;
import org.sluice.api.FaultListener;
import org.sluice.api.FaultResponse;
import org.sluice.api.Topics;
import org.sluice.core.fault.FaultLine;
import org.sluice.core.fault.FaultWorkers;
import org.sluice.core.fault.PageFaults;
import org.sluice.core.fault.Repair;
import org.sluice.core.leak.Watch;
import org.sluice.core.space.SpaceLedger;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.PageResponseOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * What a driver gets from the core, and the way of a fault: to the owner of the address space that it hit, then to everybody
 * who listens; or, if it can be repaired and somebody wants to, to a worker. Called on the driver's event thread; takes no lock
 * of the IOMMU, because whoever detaches holds it while the driver drains its events.
 */
final class UnitFaults implements UnitHost {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final Unit unit;
    private final List<FaultListener> listeners;
    private final PageFaults pages;
    private final LongAdder count = new LongAdder();

    UnitFaults(Unit unit, List<FaultListener> listeners, FaultWorkers workers) {
        this.unit = unit;
        this.listeners = listeners;
        this.pages = new PageFaults(workers, unit.commons().gate(), this::tell, unit.site()::handlerLeft, this::late);
    }

    long count() {
        return count.sum();
    }

    /** Faults that wait for an answer. */
    PageFaults pages() {
        return pages;
    }

    @Override
    public PhysicalMemory memory() {
        return unit.memory();
    }

    @Override
    public PageAllocator allocator() {
        return unit.allocator();
    }

    @Override
    public FaultResponse report(FaultRecord fault) {
        count.increment();
        Device device = unit.population().ofStream(fault.streamId());
        FaultEvent event = event(device, fault);
        FaultResponse response = ask(owner(device, fault.pasid()), event);
        tell(event);
        Watch watch = unit.commons().watch();
        if (watch.isOn()) {
            watch.faulted(hit(device, fault.pasid()), event);
        }
        return response;
    }

    @Override
    public FaultResponse report(FaultRecord fault, TranslationContext context) {
        return report(unit.spaces().stream()
                .filter(BondedSpace.class::isInstance)
                .map(BondedSpace.class::cast)
                .filter(space -> space.ledger().context() == context)
                .findFirst()
                .map(space -> fault.withPasid(space.pasid()))
                .orElse(fault));
    }

    @Override
    public boolean pageRequest(PageRequest request) {
        FaultRecord fault = request.fault();
        Device device = unit.population().ofStream(fault.streamId());
        if (device == null) {
            return false;
        }
        return pages.take(
                new FaultLine(device.name(), fault.pasid()),
                request,
                event(device, fault),
                () -> repair(device, fault.pasid()));
    }

    @Override
    public void pageRequestsLost() {
        int forgotten = pages.discardPartial();
        unit.tell(Topics.PAGE_REQUESTS_LOST, () -> Map.of("iommu", unit.name(), "forgotten", forgotten));
    }

    private void late(FaultLine line) {
        unit.tell(
                Topics.PAGE_FAULT_TIMEOUT,
                () -> Map.of("iommu", unit.name(), "device", line.device(), "pasid", line.pasid()));
    }

    /**
     * Sees to it that no fault of a PASID that was just taken away is under way: what the hardware queued is consumed, what
     * waits is answered. Handlers that run are not waited for here: they may want the lock that the caller holds.
     *
     * @param response to what waits: SUCCESS asks again, of whom the PASID reaches now
     * @return false when the hardware's queues could not be drained in time
     */
    boolean drain(Device device, int pasid, PageResponse response) {
        boolean drained = true;
        if (unit.iommu() instanceof PageResponseOperations operations) {
            try {
                operations.drain(device.record(), pasid);
            } catch (RuntimeException late) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "faults of PASID {0} of {1} were not drained: {2}",
                        pasid,
                        device.name(),
                        late.toString());
                drained = false;
            }
        }
        pages.abort(new FaultLine(device.name(), pasid), response);
        return drained;
    }

    private FaultEvent event(Device device, FaultRecord fault) {
        return new FaultEvent(
                unit.name(),
                device != null ? device.name() : "stream 0x" + Integer.toHexString(fault.streamId()),
                fault.streamId(),
                fault.pasid(),
                fault.reason(),
                fault.name(),
                fault.iova(),
                fault.write(),
                fault.privileged(),
                fault.execute(),
                fault.stalled(),
                fault.raw());
    }

    private void tell(FaultEvent event) {
        for (FaultListener listener : listeners) {
            try {
                listener.faulted(event);
            } catch (RuntimeException failed) {
                LOG.log(System.Logger.Level.WARNING, "a fault listener failed: {0}", failed.toString());
            }
        }
    }

    /** The ledger of the space that an access went to; null for none. */
    private static SpaceLedger hit(Device device, int pasid) {
        if (device == null) {
            return null;
        }
        if (pasid != FaultEvent.NO_PASID) {
            PasidTarget target = device.pasids().get(pasid);
            return target == null ? null : target.ledger();
        }
        TranslationDomain domain = device.current();
        return domain == null || domain.translating() == null
                ? null
                : domain.translating().ledger();
    }

    private static Repair repair(Device device, int pasid) {
        if (pasid != FaultEvent.NO_PASID) {
            PasidTarget target = device.pasids().get(pasid);
            return target == null ? null : target.repair();
        }
        TranslationDomain domain = device.current();
        return domain == null ? null : domain.repair();
    }

    private static FaultHandler owner(Device device, int pasid) {
        if (device == null) {
            return null;
        }
        if (pasid != FaultEvent.NO_PASID) {
            PasidTarget target = device.pasids().get(pasid);
            return target == null ? null : target.faultHandler();
        }
        TranslationDomain domain = device.current();
        return domain == null ? null : domain.faultHandler();
    }

    private static FaultResponse ask(FaultHandler handler, FaultEvent event) {
        if (handler == null) {
            return FaultResponse.UNHANDLED;
        }
        try {
            FaultResponse response = handler.handle(event);
            return response == null ? FaultResponse.UNHANDLED : response;
        } catch (RuntimeException failed) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    String.format(
                            Locale.ROOT,
                            "the fault handler for %s at 0x%x failed: %s",
                            event.device(),
                            event.iova(),
                            failed));
            return FaultResponse.UNHANDLED;
        }
    }
}
