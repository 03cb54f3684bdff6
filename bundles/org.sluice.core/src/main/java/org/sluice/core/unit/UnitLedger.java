package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.List;
import org.sluice.api.ActivationKind;
import org.sluice.core.space.Space;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.UnitRecord;

/**
 * What is attached at one IOMMU in contract types and primitives: everything that a driver needs to begin, or to take over.
 * To be used under the lock of the board.
 */
public final class UnitLedger {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final Unit unit;

    UnitLedger(Unit unit) {
        this.unit = unit;
    }

    /**
     * The hand-over to a successor.
     *
     * @return what is attached
     */
    public UnitRecord record() {
        List<UnitRecord.Device> devices = new ArrayList<>();
        for (Device device : unit.population().devices()) {
            TranslationDomain domain = device.current();
            // The hardware does not know yet of a deferred attach: a successor meets the device once it serves.
            if (domain != null && !device.isDeferred()) {
                devices.add(device.isParked() ? parked(device) : attached(device, domain));
            }
        }
        return new UnitRecord(UnitRecord.VERSION, devices);
    }

    private UnitRecord.Device attached(Device device, TranslationDomain domain) {
        Space space = domain.translating();
        ContextRecord context = space == null ? null : space.ledger().side(unit).record();
        return new UnitRecord.Device(device.record(), domain.kind(), context, pasids(device));
    }

    /** What the hardware has of a device that is being reset. */
    private static UnitRecord.Device parked(Device device) {
        return new UnitRecord.Device(device.record(), Attachment.Kind.BLOCKED, null, List.of());
    }

    private List<UnitRecord.Pasid> pasids(Device device) {
        return device.pasids().entrySet().stream()
                .filter(entry -> entry.getValue().activation() == ActivationKind.TABLE)
                .map(entry -> new UnitRecord.Pasid(
                        entry.getKey(), entry.getValue().ledger().side(unit).record()))
                .toList();
    }

    /**
     * Makes the devices whose first attach is still deferred known to a driver that took over. One that it would not leave as
     * it is gets attached now.
     *
     * @param successor of the driver
     */
    public void introduceDeferred(IommuUnit successor) {
        for (Device device : unit.population().devices()) {
            if (!device.isDeferred()) {
                continue;
            }
            try {
                successor.addDevice(device.record());
                if (!successor.isAttachDeferred(device.record())) {
                    device.current().prepare(device);
                    successor.attach(device.record(), device.current().attachment(unit));
                    device.setDeferred(false);
                }
            } catch (RuntimeException refused) {
                refuse(device, refused);
            }
        }
    }

    private void refuse(Device device, RuntimeException refused) {
        device.setRefusal(String.valueOf(refused.getMessage()));
        LOG.log(
                System.Logger.Level.WARNING,
                "{0} is not served by the driver of {1}: {2}",
                device.name(),
                unit.name(),
                refused.getMessage());
    }

    /**
     * Makes every device known to a driver that has just reset the hardware, blocked as its group's default says. A device
     * that the driver refuses is left out, with the reason.
     *
     * @param fresh of the driver
     */
    public void introduceDevices(IommuUnit fresh) {
        for (Device device : unit.population().devices()) {
            try {
                TranslationDomain home = device.members().fallback();
                fresh.addDevice(device.record());
                boolean deferred = fresh.isAttachDeferred(device.record());
                if (!deferred) {
                    fresh.attach(device.record(), home.attachment(unit));
                }
                device.setRefusal("");
                home.attached().enter(device);
                device.setDeferred(deferred);
            } catch (RuntimeException refused) {
                refuse(device, refused);
            }
        }
    }
}
