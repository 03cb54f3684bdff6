package org.sluice.core.unit;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.sluice.api.Capability;
import org.sluice.api.Domain;
import org.sluice.api.Errno;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IommuGroup;
import org.sluice.api.SvaParameters;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.UnitCapabilities;

/**
 * A device behind an IOMMU. Any thread may call the methods of {@link IommuDevice}; what changes is guarded by the lock of
 * the IOMMU, and readable without it where the event thread needs it.
 */
final class Device implements IommuDevice {
    private final Unit unit;
    private final Group group;
    private final String compatible;
    private final DeviceRecord record;

    private volatile TranslationDomain domain;
    private volatile String refusal = "";
    private SvaRange sva; // guarded by the unit's lock
    private final Map<Integer, PrivateSpace> pasids = new ConcurrentSkipListMap<>(); // written under the unit's lock

    Device(Unit unit, Group group, Endpoint endpoint) {
        this.unit = unit;
        this.group = group;
        this.compatible = endpoint.compatible();
        this.record = new DeviceRecord(endpoint.name(), endpoint.streamIds(), endpoint.pasidBits(), endpoint.port());
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

    /** Spaces that this device reaches by PASID; a live view that needs no lock. */
    Map<Integer, PrivateSpace> pasids() {
        return pasids;
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
            sva = clamp(parameters, iommu.capabilities().pasidBits());
            return null;
        });
    }

    @Override
    public void shutdownSva() {
        unit.withLock(() -> {
            if (sva != null) {
                unit.driving().serving();
            }
            if (sva == null) {
                throw new IommuException(Errno.ENODEV, name() + " is not initialised for SVA");
            }
            for (PrivateSpace space : new TreeMap<>(pasids).values()) {
                space.unbond(this, "SVA of " + name() + " was shut down");
            }
            sva = null;
            return null;
        });
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
        return new SvaRange(min, max);
    }

    @Override
    public String toString() {
        return name();
    }
}
