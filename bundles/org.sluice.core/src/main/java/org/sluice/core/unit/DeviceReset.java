package org.sluice.core.unit;

import java.util.Map;
import java.util.TreeMap;
import org.sluice.api.ActivationKind;
import org.sluice.api.Errno;
import org.sluice.api.FaultEvent;
import org.sluice.api.IommuException;
import org.sluice.api.Topics;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.PageResponse;

/**
 * A device around a reset of it. While it is parked the hardware has no entry of it; what it is attached to in the core stays,
 * and is attached to the hardware again afterwards. Guarded by the lock of the board.
 */
final class DeviceReset {
    private final Device device;
    private boolean parked;

    DeviceReset(Device device) {
        this.device = device;
    }

    boolean isParked() {
        return parked;
    }

    void prepare() {
        Unit unit = device.unit();
        unit.withLock(() -> {
            IommuUnit iommu = unit.driving().serving();
            device.requireServed();
            device.requireNoReset();
            iommu.attach(device.record(), Attachment.BLOCKED);
            Map<Integer, PasidTarget> gone = new TreeMap<>();
            try {
                inHardware().forEach((pasid, target) -> {
                    unit.pasidOperations()
                            .mmDetach(
                                    device.record(),
                                    pasid,
                                    target.ledger().side(device.unit()).context(),
                                    true);
                    gone.put(pasid, target);
                });
            } catch (RuntimeException failed) {
                restore(iommu, gone, failed);
                throw failed;
            }
            parked = true;
            unit.tell(Topics.RESET_BEGUN, () -> Map.of("iommu", unit.name(), "device", device.name()));
            // The device forgets what it asked for.
            unit.faults().drain(device, FaultEvent.NO_PASID, PageResponse.FAILURE);
            gone.keySet().forEach(pasid -> unit.faults().drain(device, pasid, PageResponse.FAILURE));
            return null;
        });
    }

    void done() {
        Unit unit = device.unit();
        unit.withLock(() -> {
            if (!parked) {
                throw new IommuException(Errno.EINVAL, device + " is not being reset");
            }
            IommuUnit iommu = unit.driving().serving();
            IommuException failures = new IommuException(Errno.EIO, device + " was not attached again to everything");
            restore(iommu, inHardware(), failures);
            parked = false;
            boolean complete = failures.getSuppressed().length == 0;
            unit.tell(
                    Topics.RESET_DONE,
                    () -> Map.of("iommu", unit.name(), "device", device.name(), "complete", complete));
            if (!complete) {
                throw failures;
            }
            return null;
        });
    }

    /** Attaches what can be attached. A PASID that cannot is taken away while its entry is still clear. */
    private void restore(IommuUnit iommu, Map<Integer, PasidTarget> pasids, RuntimeException failures) {
        try {
            iommu.attach(device.record(), device.current().attachment(device.unit()));
        } catch (RuntimeException failed) {
            failures.addSuppressed(failed);
        }
        pasids.forEach((pasid, target) -> {
            try {
                device.unit()
                        .pasidOperations()
                        .mmAttach(
                                device.record(),
                                pasid,
                                target.ledger().side(device.unit()).context(),
                                true);
            } catch (RuntimeException failed) {
                failures.addSuppressed(failed);
                boolean was = parked;
                parked = true;
                target.unbond(device, "PASID " + pasid + " of " + device + " could not be attached after a reset");
                parked = was;
            }
        });
    }

    private Map<Integer, PasidTarget> inHardware() {
        Map<Integer, PasidTarget> found = new TreeMap<>();
        device.pasids().forEach((pasid, target) -> {
            if (target.activation() == ActivationKind.TABLE) {
                found.put(pasid, target);
            }
        });
        return found;
    }
}
