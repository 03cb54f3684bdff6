package org.sluice.core.unit;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.api.FaultEvent;
import org.sluice.api.Topics;
import org.sluice.spi.driver.PageResponse;

/** The devices whose untagged traffic goes to one domain. Changed under the lock of the board; read by anybody. */
final class DomainDevices {
    private final TranslationDomain domain;
    private final List<Device> devices = new CopyOnWriteArrayList<>();

    DomainDevices(TranslationDomain domain) {
        this.domain = domain;
    }

    /** The devices; a live list. */
    List<Device> list() {
        return devices;
    }

    /** Whether one of them is behind an IOMMU. */
    boolean areBehind(Unit unit) {
        return devices.stream().anyMatch(device -> device.unit() == unit);
    }

    /** Lists a device whose traffic comes here now; it leaves the domain where it was. */
    void enter(Device device) {
        TranslationDomain old = device.current();
        if (old == domain) {
            return;
        }
        device.setCurrent(domain);
        device.setDeferred(false);
        devices.add(device);
        domain.markAttached();
        tell(Topics.ATTACHED, device);
        if (old != null) {
            old.attached().leave(device);
            if (old.repair() != null) {
                // What was reported of the old domain is asked of this one when it is tried again.
                device.unit().faults().drain(device, FaultEvent.NO_PASID, PageResponse.SUCCESS);
            }
        }
    }

    private void leave(Device device) {
        devices.remove(device);
        tell(Topics.DETACHED, device);
        domain.markAttached();
        domain.privateSpaces().unbond(device);
        domain.units().release(device.unit());
    }

    private void tell(String topic, Device device) {
        String type = domain.type().name();
        device.unit()
                .commons()
                .events()
                .post(
                        topic,
                        () -> Map.of(
                                "iommu",
                                device.unit().name(),
                                "device",
                                device.name(),
                                "domain",
                                domain.name(),
                                "type",
                                type));
    }
}
