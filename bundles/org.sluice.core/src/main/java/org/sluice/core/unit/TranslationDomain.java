package org.sluice.core.unit;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.IntUnaryOperator;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.FaultHandler;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IommuGroup;
import org.sluice.api.PageFaultHandler;
import org.sluice.core.dma.DmaDomain;
import org.sluice.core.dma.Doorbells;
import org.sluice.core.fault.Repair;
import org.sluice.core.space.Space;
import org.sluice.spi.driver.Attachment;

/**
 * A domain, made on one IOMMU; devices behind others of the same board may reach it too. Attach, detach, PASID and close calls
 * take the lock of the board; they wait for a missing driver as long as the gate allows, before they change anything.
 */
final class TranslationDomain implements Domain {
    private final Unit unit;
    private final String name;
    private final DomainType type;
    private final Space space;
    private final boolean permanent;
    private final Nesting nesting;
    private final DomainUnits units;
    private final DomainPasids pasids;
    private final DomainDevices devices;
    private final PrivateSpaces ioMms;
    private final DomainEnd end;
    private final DmaDomain dma;
    private final Doorbells doorbells;
    private volatile FaultHandler faultHandler;
    private volatile Repair repair;

    /**
     * A domain without devices.
     *
     * @param space for a type that translates, else null
     * @param permanent whether it ends with the group or process that it belongs to, and not by its client
     */
    TranslationDomain(Unit unit, String name, DomainType type, Space space, boolean permanent) {
        this(unit, name, type, space, permanent, null);
    }

    /** A domain over a parent, or without. */
    TranslationDomain(
            Unit unit, String name, DomainType type, Space space, boolean permanent, TranslationDomain parent) {
        this.unit = unit;
        this.name = name;
        this.type = type;
        this.space = space;
        this.permanent = permanent;
        this.nesting = new Nesting(this, parent);
        this.units = new DomainUnits(this);
        this.pasids = new DomainPasids(this);
        this.devices = new DomainDevices(this);
        this.ioMms = new PrivateSpaces(this);
        this.end = new DomainEnd(this);
        this.dma = DmaSide.domainOf(unit, type, space);
        this.doorbells = new Doorbells(type.isPaging() ? space : null, dma);
    }

    /** The IOMMU where it was made. */
    Unit unit() {
        return unit;
    }

    /** The IOMMUs whose devices reach it. */
    DomainUnits units() {
        return units;
    }

    /** Whether it ends with the group or process that it belongs to. */
    boolean isPermanent() {
        return permanent;
    }

    /** Whether a device behind an IOMMU reaches it. */
    boolean isReachedFrom(Unit other) {
        return devices.areBehind(other) || pasids.areOn(other);
    }

    String name() {
        return name;
    }

    FaultHandler faultHandler() {
        return faultHandler;
    }

    Repair repair() {
        return repair;
    }

    /** The space in the core's terms, a nested one's too; null if the type has none. */
    Space translating() {
        return space;
    }

    Nesting nesting() {
        return nesting;
    }

    /** What reaches it by PASID. */
    DomainPasids pasids() {
        return pasids;
    }

    /** What reaches it without one. */
    DomainDevices attached() {
        return devices;
    }

    /** What was allocated beside it. */
    PrivateSpaces privateSpaces() {
        return ioMms;
    }

    DomainEnd end() {
        return end;
    }

    @Override
    public long doorbell(long paddr) {
        if (type == DomainType.IDENTITY) {
            return paddr;
        }
        if (!type.isPaging()) {
            throw new IommuException(Errno.EINVAL, name() + " is " + type + ": no doorbell can be reached through it");
        }
        return doorbells.of(paddr);
    }

    @Override
    public void setDoorbellWindow(long base) {
        doorbells.setWindow(base);
    }

    /** What makes it one for DMA mapping; null for other types. */
    DmaDomain dma() {
        return dma;
    }

    /** Does what must be done before traffic of a device may come here. */
    void prepare(Device device) {
        units.join(device.unit());
        if (dma != null) {
            dma.prepare(device.name(), device.dmaSide().reserved());
        }
    }

    /** Where a device behind an IOMMU is attached to. */
    Attachment attachment(Unit from) {
        if (space != null) {
            return Attachment.to(units.context(from));
        }
        return type == DomainType.IDENTITY ? Attachment.IDENTITY : Attachment.BLOCKED;
    }

    Attachment.Kind kind() {
        return space != null
                ? Attachment.Kind.TRANSLATED
                : type == DomainType.IDENTITY ? Attachment.Kind.IDENTITY : Attachment.Kind.BLOCKED;
    }

    /** Whether anything reaches it has changed. */
    void markAttached() {
        if (space != null) {
            space.ledger().attached(!devices.list().isEmpty() || !pasids.isEmpty());
        }
    }

    @Override
    public DomainType type() {
        return type;
    }

    @Override
    public AddressSpace space() {
        if (!type.isPaging()) {
            throw new IommuException(Errno.EINVAL, name + " is of type " + type + ", it has no address space");
        }
        return space;
    }

    @Override
    public void attach(IommuDevice device) {
        changed(() -> {
            Device target = units.own(device);
            target.requireAlone();
            units.serving(target.unit());
            requireAttachable();
            target.requireServed();
            GroupMove.to(this, target).all();
        });
    }

    @Override
    public void detach(IommuDevice device) {
        changed(() -> {
            Device target = units.own(device);
            if (target.current() == this) {
                target.unit().driving().serving();
                if (target.current() == this) {
                    GroupMove.to(target.members().home(), target).whatCan();
                }
            }
        });
    }

    @Override
    public void attachGroup(IommuGroup group) {
        changed(() -> {
            Group target = ready(group);
            for (Device device : target.members()) {
                TranslationDomain now = device.current();
                if (now != null && now != target.fallback() && now.type != DomainType.BLOCKED) {
                    throw new IommuException(
                            Errno.EBUSY, device + " of " + target + " is attached to " + now + " already");
                }
            }
            GroupMove.to(this, target).all();
        });
    }

    @Override
    public void replaceGroup(IommuGroup group) {
        changed(() -> GroupMove.to(this, ready(group)).all());
    }

    @Override
    public void detachGroup(IommuGroup group) {
        changed(() -> {
            Group target = units.own(group);
            if (target.members().stream().anyMatch(device -> device.current() == this)) {
                target.unit().driving().serving();
                for (Device device : target.members()) {
                    if (device.current() == this) {
                        GroupMove.to(target.home(), device).whatCan();
                    }
                }
            }
        });
    }

    private Group ready(IommuGroup group) {
        Group target = units.own(group);
        units.serving(target.unit());
        requireAttachable();
        target.members().forEach(Device::requireServed);
        return target;
    }

    @Override
    public void attachPasid(IommuDevice device, int pasid) {
        changed(() -> pasids.attach(readyForPasid(device), pasid));
    }

    @Override
    public void replacePasid(IommuDevice device, int pasid) {
        changed(() -> pasids.replace(readyForPasid(device), pasid));
    }

    @Override
    public void detachPasid(IommuDevice device, int pasid) {
        changed(() -> {
            Device target = units.own(device);
            target.unit().driving().serving();
            pasids.detach(target, pasid);
        });
    }

    private Device readyForPasid(IommuDevice device) {
        Device target = units.own(device);
        units.serving(target.unit());
        requireAttachable();
        target.requireServed();
        return target;
    }

    /** Runs under the lock, and waits outside of it for handlers of what was taken away. */
    private void changed(Runnable action) {
        unit.withLock(() -> {
            action.run();
            return null;
        });
        unit.site().settle(ioMms.list());
    }

    @Override
    public Set<IommuDevice> devices() {
        return new LinkedHashSet<>(devices.list());
    }

    @Override
    public IoMm allocPasid(IommuDevice device) {
        return unit.withLock(() -> ioMms.allocate(units.own(device)));
    }

    @Override
    public void freePasid(IoMm ioMm) {
        freePasid(ioMm, new CompletableFuture<>());
    }

    @Override
    public void freePasid(IoMm ioMm, CompletionStage<?> fence) {
        if (!(ioMm instanceof PrivateSpace own)) {
            return;
        }
        unit.withLock(() -> {
            ioMms.free(own, fence);
            return null;
        });
        unit.site().settle(List.of(own));
    }

    @Override
    public Set<IoMm> ioMms() {
        return ioMms.snapshot();
    }

    @Override
    public int invalidateGuest(long[] commands, IntUnaryOperator streamIds) {
        return unit.withLock(() -> {
            unit.driving().serving();
            end.requireOpen();
            return nesting.invalidate(commands, streamIds);
        });
    }

    @Override
    public void onFault(FaultHandler handler) {
        faultHandler = handler;
    }

    @Override
    public void onPageFault(PageFaultHandler handler) {
        repair = handler == null ? null : new Repair(space == null ? this : space, handler);
    }

    @Override
    public void close() {
        List<Space> mine = end.spaces();
        unit.withLock(() -> {
            end.close();
            return null;
        });
        unit.site().settle(mine);
    }

    private void requireAttachable() {
        end.requireOpen();
        if (type == DomainType.SVA) {
            throw new IommuException(Errno.EINVAL, name + " is attached by bind and only by PASID");
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
