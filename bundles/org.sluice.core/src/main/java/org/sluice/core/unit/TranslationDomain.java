package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntUnaryOperator;
import org.sluice.api.ActivationKind;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultHandler;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IommuGroup;
import org.sluice.api.PageFaultHandler;
import org.sluice.api.Topics;
import org.sluice.core.dma.DmaDomain;
import org.sluice.core.dma.Doorbells;
import org.sluice.core.fault.Repair;
import org.sluice.core.space.Space;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.PageResponse;

/**
 * A domain of one IOMMU. Attach, detach, PASID and close calls take the lock of the IOMMU; they wait for a missing driver as
 * long as the gate allows, before they change anything.
 */
final class TranslationDomain implements Domain {
    private final Unit unit;
    private final String name;
    private final DomainType type;
    private final Space space;
    private final boolean permanent;
    private final Nesting nesting;
    private final DomainPasids pasids;
    private final DmaDomain dma;
    private final Doorbells doorbells;
    private final List<Device> devices = new CopyOnWriteArrayList<>(); // changed under the unit's lock
    private final List<PrivateSpace> ioMms = new CopyOnWriteArrayList<>(); // changed under the unit's lock
    private volatile FaultHandler faultHandler;
    private volatile Repair repair;
    private boolean closed; // guarded by the unit's lock

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
        this.pasids = new DomainPasids(this);
        this.dma = DmaSide.domainOf(unit, type, space);
        this.doorbells = new Doorbells(type.isPaging() ? space : null, dma);
    }

    Unit unit() {
        return unit;
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
        if (dma != null) {
            dma.prepare(device.name(), device.dmaSide().reserved());
        }
    }

    void add(PrivateSpace ioMm) {
        ioMms.add(ioMm);
    }

    Attachment attachment() {
        if (space != null) {
            return Attachment.to(space.ledger().context());
        }
        return type == DomainType.IDENTITY ? Attachment.IDENTITY : Attachment.BLOCKED;
    }

    Attachment.Kind kind() {
        return space != null
                ? Attachment.Kind.TRANSLATED
                : type == DomainType.IDENTITY ? Attachment.Kind.IDENTITY : Attachment.Kind.BLOCKED;
    }

    /** Lists a device whose traffic comes here now; it leaves the domain where it was. */
    void enter(Device device) {
        TranslationDomain old = device.current();
        if (old == this) {
            return;
        }
        device.setCurrent(this);
        device.setDeferred(false);
        devices.add(device);
        markAttached();
        tell(Topics.ATTACHED, device);
        if (old != null) {
            old.leave(device);
            if (old.repair != null) {
                // What was reported of the old domain is asked of this one when it is tried again.
                unit.faults().drain(device, FaultEvent.NO_PASID, PageResponse.SUCCESS);
            }
        }
    }

    private void tell(String topic, Device device) {
        unit.commons()
                .events()
                .post(
                        topic,
                        () -> Map.of(
                                "iommu", unit.name(), "device", device.name(), "domain", name, "type", type.name()));
    }

    private void leave(Device device) {
        devices.remove(device);
        tell(Topics.DETACHED, device);
        markAttached();
        for (PrivateSpace ioMm : ioMms) {
            ioMm.unbond(device, device.name() + " left " + name);
        }
    }

    /** Whether anything reaches it has changed. */
    void markAttached() {
        if (space != null) {
            space.ledger().attached(!devices.isEmpty() || !pasids.isEmpty());
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
            Device target = unit.own(device);
            target.requireAlone();
            unit.driving().serving();
            requireAttachable();
            target.requireServed();
            GroupMove.to(this, target).all();
        });
    }

    @Override
    public void detach(IommuDevice device) {
        changed(() -> {
            Device target = unit.own(device);
            if (target.current() == this) {
                unit.driving().serving();
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
            Group target = unit.own(group);
            if (target.members().stream().anyMatch(device -> device.current() == this)) {
                unit.driving().serving();
                for (Device device : target.members()) {
                    if (device.current() == this) {
                        GroupMove.to(target.home(), device).whatCan();
                    }
                }
            }
        });
    }

    private Group ready(IommuGroup group) {
        Group target = unit.own(group);
        unit.driving().serving();
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
            Device target = unit.own(device);
            unit.driving().serving();
            pasids.detach(target, pasid);
        });
    }

    private Device readyForPasid(IommuDevice device) {
        Device target = unit.own(device);
        unit.driving().serving();
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
        unit.settle(ioMms);
    }

    @Override
    public Set<IommuDevice> devices() {
        return new LinkedHashSet<>(devices);
    }

    @Override
    public IoMm allocPasid(IommuDevice device) {
        return unit.withLock(() -> {
            Device target = unit.own(device);
            return unit.creation().create(() -> {
                requireOpen();
                target.requireServed();
                if (target.current() != this) {
                    throw new IommuException(Errno.EINVAL, target.name() + " is not attached to " + name);
                }
                return new PasidAllocation(this, target).run();
            });
        });
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
            if (ioMms.contains(own)) {
                unit.driving().requireWhole(List.of(own));
                if (ioMms.contains(own)) {
                    free(own, fence, own.name() + " was freed");
                }
            }
            return null;
        });
        unit.settle(List.of(own));
    }

    private void free(PrivateSpace own, CompletionStage<?> fence, String why) {
        own.ledger().revoke(why);
        for (Device device : own.devices()) {
            own.unbond(device, why);
        }
        ioMms.remove(own);
        boolean needsFence = own.activation() == ActivationKind.CLIENT_SWITCHED;
        unit.quarantine().admit(own, needsFence ? Optional.of(fence) : Optional.empty());
    }

    @Override
    public Set<IoMm> ioMms() {
        return new LinkedHashSet<>(ioMms);
    }

    @Override
    public int invalidateGuest(long[] commands, IntUnaryOperator streamIds) {
        return unit.withLock(() -> {
            unit.driving().serving();
            requireOpen();
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
        List<Space> mine = allSpaces();
        unit.withLock(() -> {
            if (permanent) {
                throw new IommuException(Errno.EBUSY, name + " cannot be closed, it ends with what it belongs to");
            }
            if (!closed) {
                unit.driving().requireWhole(allSpaces());
            }
            if (!closed) {
                nesting.requireNoChildren();
                closeNow();
            }
            return null;
        });
        unit.settle(mine);
    }

    /** Ends it while the IOMMU itself goes away, without waiting for anybody; a permanent one only frees its spaces. */
    void abandon() {
        if (permanent && space == null) {
            freeIoMms(name + " was closed");
        } else if (!closed) {
            closeNow();
        }
    }

    /** Ends it where {@link #abandon} could not, because the hardware does not answer. */
    void forsake() {
        closed |= !permanent || space != null;
        if (dma != null) {
            dma.close();
        }
    }

    private void closeNow() {
        String why = name + " was closed";
        pasids.detachAll();
        for (Device device : devices) {
            TranslationDomain home = device.members().home();
            GroupMove.to(home == this ? device.members().blocking() : home, device)
                    .whatCan();
        }
        freeIoMms(why);
        if (dma != null) {
            dma.close();
        }
        if (space != null) {
            space.ledger().revoke(why);
            unit.quarantine().admit(space, Optional.empty());
        }
        closed = true;
        nesting.end();
        unit.domains().remove(this);
    }

    private void freeIoMms(String why) {
        for (PrivateSpace ioMm : ioMms) {
            free(ioMm, new CompletableFuture<>(), why);
        }
    }

    private List<Space> allSpaces() {
        List<Space> all = new ArrayList<>(ioMms);
        if (space != null) {
            all.add(space);
        }
        return all;
    }

    void requireOpen() {
        if (closed) {
            throw new IommuException(Errno.ESTALE, name + " was closed");
        }
    }

    private void requireAttachable() {
        requireOpen();
        if (type == DomainType.SVA) {
            throw new IommuException(Errno.EINVAL, name + " is attached by bind and only by PASID");
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
