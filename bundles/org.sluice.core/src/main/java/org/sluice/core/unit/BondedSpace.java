package org.sluice.core.unit;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.api.ActivationKind;
import org.sluice.api.FaultHandler;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.core.space.Space;
import org.sluice.spi.driver.ClientSwitching;
import org.sluice.spi.driver.PageResponse;

/**
 * The io_mm: an address space with a PASID, and the devices that reach it, private or shared with a process. What changes is
 * guarded by the lock of the board.
 */
abstract class BondedSpace extends Space implements IoMm, PasidTarget {
    private final Unit unit;
    private final List<Device> bonds = new CopyOnWriteArrayList<>();
    private final List<Device> undrained = new CopyOnWriteArrayList<>();
    private int pasid;
    private volatile FaultHandler faultHandler;

    BondedSpace(String name, Unit unit) {
        super(name, unit, unit.commons(), unit.memory(), unit.allocator());
        this.unit = unit;
    }

    final Unit unit() {
        return unit;
    }

    final void setPasid(int number) {
        pasid = number;
    }

    final List<Device> devices() {
        return bonds;
    }

    /** Attaches, if the IOMMU is who resolves the PASID, and lists the bond so that whoever leaves can clean it. */
    final void addBond(Device device) {
        if (activation() == ActivationKind.TABLE) {
            unit.pasidOperations().mmAttach(device.record(), pasid, ledger().context(), !isSharedWith(device));
        } else {
            allow(device);
        }
        bonds.add(device);
        device.pasids().put(pasid, this);
        ledger().attached(true);
    }

    /** Tells the hardware that the device may load the table by itself, if it must know. */
    private void allow(Device device) {
        if (unit.iommu() instanceof ClientSwitching switching) {
            switching.allowTable(device.record(), ledger().context(), loadedAsid());
        }
    }

    /** The ASID with which a device loads the table by itself. */
    int loadedAsid() {
        return ledger().context().record().tag();
    }

    /** Tells a driver that took over what its predecessor knew. */
    final void allowAgain() {
        if (activation() == ActivationKind.CLIENT_SWITCHED) {
            bonds.forEach(this::allow);
        }
    }

    /**
     * Takes the space away from one device; from its users too, if that was the last: whether before the hardware has let go
     * of it or after is the kind's choice.
     */
    @Override
    public final void unbond(Device device, String why) {
        if (!bonds.contains(device)) {
            return;
        }
        boolean last = bonds.size() == 1;
        if (last && isPrivate()) {
            ledger().revoke(why);
        }
        if (activation() == ActivationKind.TABLE && !device.isParked()) {
            unit.pasidOperations().mmDetach(device.record(), pasid, ledger().context(), !isSharedWith(device));
        }
        // A request that is reported from here on finds nobody; those before are drained and aborted.
        device.pasids().remove(pasid, this);
        bonds.remove(device);
        if (!unit.faults().drain(device, pasid, PageResponse.INVALID)) {
            undrained.add(device);
        }
        unbonded(device);
        if (last && !isPrivate()) {
            ledger().revoke(why);
        }
    }

    /** Ends every bond without the hardware, which does not answer and which nobody drives any more. */
    final void forsake() {
        for (Device device : bonds) {
            device.pasids().remove(pasid, this);
            bonds.remove(device);
            unbonded(device);
        }
    }

    /** A device does not reach it any more. */
    void unbonded(Device device) {}

    /** Whether every fault that the hardware had queued was seen; tries again where that was not so. */
    final boolean isDrained() {
        undrained.removeIf(device -> unit.faults().drain(device, pasid, PageResponse.INVALID));
        return undrained.isEmpty();
    }

    /** Tells that it has its PASID, or has it no more. */
    final void tell(String topic, Device device) {
        unit.commons()
                .events()
                .post(
                        topic,
                        () -> Map.of(
                                "iommu",
                                unit.name(),
                                "space",
                                name(),
                                "pasid",
                                pasid,
                                "device",
                                device == null ? "" : device.name()));
    }

    private boolean isSharedWith(Device device) {
        return bonds.stream().anyMatch(other -> other != device && other.sharesStreamWith(device));
    }

    @Override
    public final int pasid() {
        return pasid;
    }

    @Override
    public final Set<IommuDevice> bonds() {
        return new LinkedHashSet<>(bonds);
    }

    @Override
    public ActivationKind activation() {
        return ActivationKind.TABLE;
    }

    @Override
    public final FaultHandler faultHandler() {
        return faultHandler;
    }

    @Override
    public final void onFault(FaultHandler handler) {
        faultHandler = handler;
    }
}
