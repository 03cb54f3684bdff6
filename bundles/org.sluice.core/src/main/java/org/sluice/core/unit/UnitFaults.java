package org.sluice.core.unit;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultHandler;
import org.sluice.api.FaultListener;
import org.sluice.api.FaultResponse;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.UnitHost;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * What a driver gets from the core, and the way of a fault: to the owner of the address space that it hit, then to everybody
 * who listens. Called on the driver's event thread; takes no lock, because whoever detaches holds the IOMMU's lock while the
 * driver drains its events.
 */
final class UnitFaults implements UnitHost {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final Unit unit;
    private final List<FaultListener> listeners;
    private final LongAdder count = new LongAdder();

    UnitFaults(Unit unit, List<FaultListener> listeners) {
        this.unit = unit;
        this.listeners = listeners;
    }

    long count() {
        return count.sum();
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
        Device device = unit.deviceOfStream(fault.streamId());
        FaultEvent event = new FaultEvent(
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
        FaultResponse response = ask(owner(device, fault.pasid()), event);
        for (FaultListener listener : listeners) {
            try {
                listener.faulted(event);
            } catch (RuntimeException failed) {
                LOG.log(System.Logger.Level.WARNING, "a fault listener failed: {0}", failed.toString());
            }
        }
        return response;
    }

    @Override
    public boolean pageRequest(PageRequest request) {
        return false;
    }

    private static FaultHandler owner(Device device, int pasid) {
        if (device == null) {
            return null;
        }
        if (pasid != FaultEvent.NO_PASID) {
            PrivateSpace space = device.pasids().get(pasid);
            return space == null ? null : space.faultHandler();
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
