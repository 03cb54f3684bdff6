package org.sluice.core.unit;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.api.ActivationKind;
import org.sluice.api.ClientTable;
import org.sluice.api.Domain;
import org.sluice.api.Errno;
import org.sluice.api.FaultHandler;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.SpaceRevokedException;
import org.sluice.api.SpaceState;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.Space;
import org.sluice.spi.driver.MmAllocation;

/**
 * The io_mm: an address space with a PASID, and the devices that reach it. Its map functions are those of {@link Space}.
 * What changes is guarded by the lock of the IOMMU.
 */
final class PrivateSpace extends Space implements IoMm {
    private final TranslationDomain domain;
    private final List<Device> bonds = new CopyOnWriteArrayList<>();
    private int pasid;
    private MmAllocation allocation;
    private Provider allocator;
    private volatile FaultHandler faultHandler;

    PrivateSpace(String name, TranslationDomain domain) {
        super(
                name,
                domain.unit().commons(),
                domain.unit().memory(),
                domain.unit().allocator());
        this.domain = domain;
    }

    /** Says who made it and remembers what that provider must free one day. */
    void setAllocation(MmAllocation made, Provider by) {
        allocation = made;
        allocator = by;
    }

    void setPasid(int number) {
        pasid = number;
    }

    /** What a plug-in made beside the table; null if the core made the space. */
    MmAllocation allocation() {
        return allocation;
    }

    Provider allocator() {
        return allocator;
    }

    FaultHandler faultHandler() {
        return faultHandler;
    }

    List<Device> devices() {
        return bonds;
    }

    /** Attaches, if the IOMMU is who resolves the PASID, and lists the bond so that whoever leaves can clean it. */
    void addBond(Device device) {
        if (activation() == ActivationKind.TABLE) {
            domain.unit().pasidOperations().mmAttach(device.record(), pasid, ledger().context(), !isSharedWith(device));
        }
        bonds.add(device);
        device.pasids().put(pasid, this);
        ledger().attached(true);
    }

    /** Takes the space away from one device; from its client too, if that was the last. */
    void unbond(Device device, String why) {
        if (!bonds.contains(device)) {
            return;
        }
        if (bonds.size() == 1) {
            ledger().revoke(why);
        }
        if (activation() == ActivationKind.TABLE) {
            domain.unit().pasidOperations().mmDetach(device.record(), pasid, ledger().context(), !isSharedWith(device));
        }
        bonds.remove(device);
        device.pasids().remove(pasid, this);
    }

    private boolean isSharedWith(Device device) {
        return bonds.stream().anyMatch(other -> other != device && other.sharesStreamWith(device));
    }

    @Override
    public int pasid() {
        return pasid;
    }

    @Override
    public boolean isPrivate() {
        return true;
    }

    @Override
    public Domain domain() {
        return domain;
    }

    @Override
    public Set<IommuDevice> bonds() {
        return new LinkedHashSet<>(bonds);
    }

    @Override
    public void bond(IommuDevice device) {
        Unit unit = domain.unit();
        unit.withLock(() -> {
            Device target = unit.own(device);
            unit.driving().serving();
            if (!ledger().isLive()) {
                throw new SpaceRevokedException(name() + " was taken away, it cannot be bonded");
            }
            SvaRange range = target.sva();
            if (range == null) {
                throw new IommuException(Errno.EINVAL, target.name() + " is not initialised for SVA");
            }
            if (!range.contains(pasid)) {
                throw new IommuException(
                        Errno.ERANGE,
                        String.format(
                                "PASID %d is outside [%d, %d] of %s", pasid, range.min(), range.max(), target.name()));
            }
            if (target.pasids().containsKey(pasid)) {
                throw new IommuException(Errno.EBUSY, "PASID " + pasid + " is in use on " + target.name());
            }
            addBond(target);
            return null;
        });
    }

    @Override
    public ActivationKind activation() {
        return allocation == null ? ActivationKind.TABLE : allocation.activation();
    }

    @Override
    public Optional<ClientTable> clientTable() {
        return allocation == null || state() == SpaceState.FREED
                ? Optional.empty()
                : Optional.ofNullable(allocation.clientTable());
    }

    @Override
    public void onFault(FaultHandler handler) {
        faultHandler = handler;
    }
}
