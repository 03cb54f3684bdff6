package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.api.ActivationKind;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.FaultHandler;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.core.space.Space;
import org.sluice.spi.driver.Attachment;

/**
 * A domain of one IOMMU. Attach, detach, PASID and close calls take the lock of the IOMMU; they wait for a missing driver as
 * long as the gate allows, before they change anything.
 */
final class TranslationDomain implements Domain {
    private final Unit unit;
    private final String name;
    private final DomainType type;
    private final Space space;
    private final boolean isDefault;
    private final List<Device> devices = new CopyOnWriteArrayList<>(); // changed under the unit's lock
    private final List<PrivateSpace> ioMms = new CopyOnWriteArrayList<>(); // changed under the unit's lock
    private volatile FaultHandler faultHandler;
    private boolean closed; // guarded by the unit's lock

    /**
     * A domain without devices.
     *
     * @param space for a paging type, else null
     */
    TranslationDomain(Unit unit, String name, DomainType type, Space space, boolean isDefault) {
        this.unit = unit;
        this.name = name;
        this.type = type;
        this.space = space;
        this.isDefault = isDefault;
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

    /** The space in the core's terms; null if the type has none. */
    Space paging() {
        return space;
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
        device.setCurrent(this);
        devices.add(device);
        if (space != null) {
            space.ledger().attached(true);
        }
        if (old != null) {
            old.leave(device);
        }
    }

    private void leave(Device device) {
        devices.remove(device);
        if (space != null) {
            space.ledger().attached(!devices.isEmpty());
        }
        for (PrivateSpace ioMm : ioMms) {
            ioMm.unbond(device, device.name() + " left " + name);
        }
    }

    @Override
    public DomainType type() {
        return type;
    }

    @Override
    public AddressSpace space() {
        if (space == null) {
            throw new IommuException(Errno.EINVAL, name + " is of type " + type + ", it has no address space");
        }
        return space;
    }

    @Override
    public void attach(IommuDevice device) {
        unit.withLock(() -> {
            Device target = unit.own(device);
            int members = target.members().members().size();
            if (members != 1) {
                throw new IommuException(
                        Errno.EINVAL,
                        String.format(
                                "%s is one of %d devices in group %d, only a device alone in its group can be attached",
                                target.name(), members, target.members().id()));
            }
            unit.driving().serving();
            requireOpen();
            requireServed(target);
            if (target.current() != this) {
                unit.iommu().attach(target.record(), attachment());
                enter(target);
            }
            return null;
        });
    }

    @Override
    public void detach(IommuDevice device) {
        unit.withLock(() -> {
            if (!isDefault && device instanceof Device target && target.current() == this) {
                unit.driving().serving();
                if (target.current() == this) {
                    fallBack(target);
                }
            }
            return null;
        });
    }

    private void fallBack(Device device) {
        TranslationDomain fallback = device.members().fallback();
        unit.iommu().attach(device.record(), fallback.attachment());
        fallback.enter(device);
    }

    @Override
    public Set<IommuDevice> devices() {
        return new LinkedHashSet<>(devices);
    }

    @Override
    public IoMm allocPasid(IommuDevice device) {
        return unit.withLock(() -> {
            Device target = unit.own(device);
            return unit.create(() -> {
                requireOpen();
                requireServed(target);
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
        unit.withLock(() -> {
            if (ioMm instanceof PrivateSpace own && ioMms.contains(own)) {
                unit.driving().requireWhole(List.of(own));
                if (ioMms.contains(own)) {
                    free(own, fence, own.name() + " was freed");
                }
            }
            return null;
        });
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
    public void onFault(FaultHandler handler) {
        faultHandler = handler;
    }

    @Override
    public void close() {
        unit.withLock(() -> {
            if (isDefault) {
                throw new IommuException(Errno.EBUSY, name + " is the default of its group, it cannot be closed");
            }
            if (!closed) {
                unit.driving().requireWhole(allSpaces());
            }
            if (!closed) {
                closeNow();
            }
            return null;
        });
    }

    /** Ends it while the IOMMU itself goes away, without waiting for anybody; a default domain only frees its spaces. */
    void abandon() {
        if (isDefault) {
            freeIoMms(name + " was closed");
        } else if (!closed) {
            closeNow();
        }
    }

    private void closeNow() {
        String why = name + " was closed";
        devices.forEach(this::fallBack);
        freeIoMms(why);
        if (space != null) {
            space.ledger().revoke(why);
            unit.quarantine().admit(space, Optional.empty());
        }
        closed = true;
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

    private void requireOpen() {
        if (closed) {
            throw new IommuException(Errno.ESTALE, name + " was closed");
        }
    }

    private static void requireServed(Device device) {
        if (!device.refusal().isEmpty()) {
            throw new IommuException(
                    Errno.ENODEV, "the driver does not serve " + device.name() + ": " + device.refusal());
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
