package org.sluice.core.unit;

import java.util.Optional;
import java.util.OptionalLong;
import org.sluice.api.ActivationKind;
import org.sluice.api.ClientTable;
import org.sluice.api.Domain;
import org.sluice.api.IommuDevice;
import org.sluice.api.PageFaultHandler;
import org.sluice.api.SpaceRevokedException;
import org.sluice.api.SpaceState;
import org.sluice.core.fault.Repair;
import org.sluice.core.offer.Provider;
import org.sluice.spi.driver.MmAllocation;

/** The io_mm of a client that populates it. Its map functions are those of {@link org.sluice.core.space.Space}. */
final class PrivateSpace extends BondedSpace {
    private final TranslationDomain domain;
    private MmAllocation allocation;
    private Provider allocator;
    private volatile Repair repair;

    PrivateSpace(String name, TranslationDomain domain, Unit unit) {
        super(name, unit);
        this.domain = domain;
    }

    /** Says who made it and remembers what that provider must free one day. */
    void setAllocation(MmAllocation made, Provider by) {
        allocation = made;
        allocator = by;
    }

    /** What a plug-in made beside the table; null if the core made the space. */
    MmAllocation allocation() {
        return allocation;
    }

    Provider allocator() {
        return allocator;
    }

    @Override
    public Repair repair() {
        return repair;
    }

    @Override
    public boolean isPrivate() {
        return true;
    }

    @Override
    public OptionalLong process() {
        return OptionalLong.empty();
    }

    @Override
    public Domain domain() {
        return domain;
    }

    @Override
    public void bond(IommuDevice device) {
        unit().withLock(() -> {
            Device target = unit().own(device);
            unit().driving().serving();
            if (!ledger().isLive()) {
                throw new SpaceRevokedException(name() + " was taken away, it cannot be bonded");
            }
            target.requirePasid(pasid());
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
    int loadedAsid() {
        return allocation.clientTable().asid();
    }

    @Override
    public void onPageFault(PageFaultHandler handler) {
        repair = handler == null ? null : new Repair(this, handler);
    }
}
