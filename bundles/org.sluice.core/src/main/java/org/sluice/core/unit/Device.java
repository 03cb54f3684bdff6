package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.sluice.api.Capability;
import org.sluice.api.DmaMapper;
import org.sluice.api.Domain;
import org.sluice.api.Errno;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IommuGroup;
import org.sluice.api.SvaFeature;
import org.sluice.api.SvaParameters;
import org.sluice.spi.board.BusPosition;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.PageResponseOperations;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.StallControl;
import org.sluice.spi.driver.UnitCapabilities;

/**
 * A device behind an IOMMU. Any thread may call the methods of {@link IommuDevice}; what changes is guarded by the lock of
 * the board, and readable without it where the event thread needs it.
 */
final class Device implements IommuDevice {
    private final Unit unit;
    private final Group group;
    private final String compatible;
    private final DeviceRecord record;
    private final DmaSide dma;

    private volatile TranslationDomain domain;
    private volatile String refusal = "";
    private volatile boolean deferred; // changed under the board's lock
    private final BusPosition position;
    private final DeviceReset reset = new DeviceReset(this);
    private SvaRange sva; // guarded by the board's lock
    private final Map<Integer, PasidTarget> pasids = new ConcurrentSkipListMap<>(); // written under the board's lock

    Device(Unit unit, Group group, Endpoint endpoint) {
        this.unit = unit;
        this.group = group;
        this.compatible = endpoint.compatible();
        this.position = endpoint.position();
        this.record = new DeviceRecord(endpoint.name(), endpoint.streamIds(), endpoint.pasidBits(), endpoint.port());
        this.dma = new DmaSide(this, unit.dmaProperties(endpoint), position);
        group.add(this);
    }

    Unit unit() {
        return unit;
    }

    DeviceRecord record() {
        return record;
    }

    String compatible() {
        return compatible;
    }

    Group members() {
        return group;
    }

    TranslationDomain current() {
        return domain;
    }

    void setCurrent(TranslationDomain next) {
        domain = next;
    }

    /** Whether the hardware was not yet told where it is attached. */
    boolean isDeferred() {
        return deferred;
    }

    void setDeferred(boolean waits) {
        deferred = waits;
    }

    /** Attaches it if its first attach was deferred, because somebody is about to use it. */
    void completeDeferredAttach() {
        unit.withLock(() -> {
            if (deferred) {
                IommuUnit iommu = unit.driving().serving();
                domain.prepare(this);
                iommu.attach(record, domain.attachment(unit));
                deferred = false;
            }
            return null;
        });
    }

    /** Why the driver does not serve this device; empty if it does. */
    String refusal() {
        return refusal;
    }

    void setRefusal(String reason) {
        refusal = reason;
    }

    SvaRange sva() {
        return sva;
    }

    /** What this device reaches by PASID; a live view that needs no lock. */
    Map<Integer, PasidTarget> pasids() {
        return pasids;
    }

    /** The PASIDs that it may use; under the lock. */
    SvaRange requireSva() {
        if (sva == null) {
            throw new IommuException(Errno.EINVAL, name() + " is not initialised for SVA");
        }
        return sva;
    }

    /** Checks that it may use a PASID that a space has already; under the lock. */
    void requirePasid(int pasid) {
        SvaRange range = requireSva();
        if (!range.contains(pasid)) {
            throw new IommuException(
                    Errno.ERANGE,
                    String.format("PASID %d is outside [%d, %d] of %s", pasid, range.min(), range.max(), name()));
        }
        if (pasids.containsKey(pasid)) {
            throw new IommuException(Errno.EBUSY, "PASID " + pasid + " is in use on " + name());
        }
        requireNoReset();
    }

    void requireServed() {
        if (!refusal.isEmpty()) {
            throw new IommuException(Errno.ENODEV, "the driver does not serve " + name() + ": " + refusal);
        }
    }

    void requireAlone() {
        int members = group.members().size();
        if (members != 1) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "%s is one of %d devices in group %d, only a device alone in its group can be attached",
                            name(), members, group.id()));
        }
    }

    void requireNoReset() {
        if (reset.isParked()) {
            throw new IommuException(Errno.EBUSY, name() + " is being reset");
        }
    }

    /** Whether the hardware has no entry of it, because it is being reset; under the lock. */
    boolean isParked() {
        return reset.isParked();
    }

    DeviceReset reset() {
        return reset;
    }

    BusPosition position() {
        return position;
    }

    /** Whether two devices are one to the IOMMU, so that an entry for one is an entry for the other. */
    boolean sharesStreamWith(Device other) {
        return record.streamIds().stream().anyMatch(other.record.streamIds()::contains);
    }

    @Override
    public String name() {
        return record.name();
    }

    @Override
    public List<Integer> streamIds() {
        return record.streamIds();
    }

    @Override
    public IommuGroup group() {
        return group;
    }

    @Override
    public Optional<Domain> domain() {
        return Optional.ofNullable(domain);
    }

    @Override
    public boolean capable(Capability capability) {
        return unit.withLock(() -> {
            IommuUnit iommu = unit.iommu();
            if (iommu == null) {
                return false;
            }
            UnitCapabilities can = iommu.capabilities();
            if (capability == Capability.PASID) {
                return iommu instanceof PasidOperations && Math.min(can.pasidBits(), record.pasidBits()) > 0;
            }
            return can.capabilities().contains(capability);
        });
    }

    @Override
    public void initSva(SvaParameters parameters) {
        unit.withLock(() -> {
            IommuUnit iommu = unit.driving().serving();
            if (sva != null) {
                throw new IommuException(Errno.EEXIST, name() + " is initialised for SVA already");
            }
            if (parameters.features().contains(SvaFeature.IO_PAGE_FAULTS)) {
                requireRepairs(iommu);
            }
            sva = clamp(parameters, iommu.capabilities().pasidBits());
            return null;
        });
    }

    @Override
    public void shutdownSva() {
        List<BondedSpace> taken = new ArrayList<>();
        unit.withLock(() -> {
            if (sva != null) {
                unit.driving().serving();
            }
            if (sva == null) {
                throw new IommuException(Errno.ENODEV, name() + " is not initialised for SVA");
            }
            for (PasidTarget target : new TreeMap<>(pasids).values()) {
                if (target instanceof BondedSpace space) {
                    space.unbond(this, "SVA of " + name() + " was shut down");
                    taken.add(space);
                }
                if (target instanceof SharedSpace shared) {
                    unit.shared().retire(shared);
                }
            }
            sva = null;
            return null;
        });
        unit.site().settle(taken);
    }

    @Override
    public void prepareReset() {
        reset.prepare();
    }

    @Override
    public void resetDone() {
        reset.done();
    }

    @Override
    public void setStall(boolean stall) {
        unit.withLock(() -> {
            IommuUnit iommu = unit.driving().serving();
            requireServed();
            requireNoReset();
            if (!(iommu instanceof StallControl control)) {
                throw new IommuException(
                        Errno.EOPNOTSUPP,
                        "driver " + unit.driving().driverName() + " cannot change whether faults of " + name()
                                + " stall");
            }
            control.setStall(record, stall);
            return null;
        });
    }

    private void requireRepairs(IommuUnit iommu) {
        if (!(iommu instanceof PageResponseOperations)) {
            throw new IommuException(
                    Errno.ENODEV,
                    "driver " + unit.driving().driverName() + " cannot answer the page faults of " + name());
        }
        if (!record.port().canStall() && !record.port().hasPri()) {
            throw new IommuException(
                    Errno.ENODEV, name() + " neither stalls nor asks for pages (PRI), its faults cannot be repaired");
        }
    }

    private SvaRange clamp(SvaParameters parameters, int unitBits) {
        int bits = Math.min(unitBits, record.pasidBits());
        // A device that switches its table by itself sends no PASID: then it is a name in software.
        boolean inSoftware = bits == 0 && unit.hasAllocatorFor(this);
        if (bits == 0 && !inSoftware) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "PASIDs of %s have %d bits and those of %s %d, both must be above 0",
                            name(), record.pasidBits(), unit.name(), unitBits));
        }
        int limit = inSoftware ? SvaParameters.PCI_MAX_PASID : Math.min((1 << bits) - 1, SvaParameters.PCI_MAX_PASID);
        int min = Math.max(1, parameters.minPasid());
        int max = parameters.maxPasid() == 0 ? limit : Math.min(parameters.maxPasid(), limit);
        if (min > max) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "PASID range [%d, %d] of %s is empty: device and IOMMU carry up to %d",
                            min, parameters.maxPasid(), name(), limit));
        }
        return new SvaRange(min, max, parameters.features());
    }

    @Override
    public DmaMapper dma() {
        return dma.mapper();
    }

    DmaSide dmaSide() {
        return dma;
    }

    @Override
    public String toString() {
        return name();
    }
}
