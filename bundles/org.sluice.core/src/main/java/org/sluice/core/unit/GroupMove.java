package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.List;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.Attachment;

/**
 * Moves devices to a domain, each straight from the domain where it is. The hardware is moved first and the core's lists only
 * when all of it is done, so that a failure has nothing but hardware to move back. Used once, under the lock of the board, with
 * a driver there.
 */
final class GroupMove {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final TranslationDomain target;
    private final List<Device> devices;

    private GroupMove(TranslationDomain target, List<Device> devices) {
        this.target = target;
        this.devices = devices;
    }

    static GroupMove to(TranslationDomain target, Group group) {
        return new GroupMove(
                target,
                group.members().stream()
                        .filter(device -> device.refusal().isEmpty())
                        .toList());
    }

    static GroupMove to(TranslationDomain target, Device device) {
        return new GroupMove(target, List.of(device));
    }

    /** All or none: after a failure every device is where it was. */
    void all() {
        devices.forEach(Device::requireNoReset);
        for (Device device : devices) {
            if (target.type() == DomainType.BLOCKED
                    && target != device.members().blocking()) {
                requireNotDirect(device);
            }
        }
        List<Device> moved = new ArrayList<>();
        try {
            for (Device device : devices) {
                if (device.current() != target) {
                    attach(device);
                    moved.add(device);
                }
            }
        } catch (RuntimeException failed) {
            for (Device device : moved) {
                back(device, failed);
            }
            devices.forEach(device -> target.units().release(device.unit()));
            throw failed;
        }
        moved.forEach(target.attached()::enter);
    }

    private void requireNotDirect(Device device) {
        if (device.dmaSide().needsDirect() && target != device.members().fallback()) {
            throw new IommuException(
                    Errno.EINVAL, device + " needs memory that firmware mapped one to one, it cannot be blocked");
        }
    }

    private void attach(Device device) {
        target.prepare(device);
        device.unit().iommu().attach(device.record(), target.attachment(device.unit()));
    }

    private static void back(Device device, RuntimeException reason) {
        try {
            device.unit().iommu().attach(device.record(), device.current().attachment(device.unit()));
        } catch (RuntimeException again) {
            reason.addSuppressed(again);
            block(device);
        }
    }

    private static void block(Device device) {
        try {
            device.unit().iommu().attach(device.record(), Attachment.BLOCKED);
        } catch (RuntimeException failed) {
            LOG.log(System.Logger.Level.ERROR, "{0} could not even be blocked: {1}", device.name(), failed.toString());
        }
    }

    /** As many as can be; those that cannot are blocked. Nothing is thrown: the old domain is left in any case. */
    void whatCan() {
        for (Device device : devices) {
            if (device.isParked()) {
                target.attached().enter(device);
                continue;
            }
            try {
                attach(device);
                target.attached().enter(device);
            } catch (RuntimeException failed) {
                LOG.log(
                        System.Logger.Level.ERROR,
                        "{0} could not be moved to {1}, it is blocked: {2}",
                        device.name(),
                        target,
                        failed.toString());
                block(device);
                device.members().blocking().attached().enter(device);
                target.units().release(device.unit());
            }
        }
    }
}
