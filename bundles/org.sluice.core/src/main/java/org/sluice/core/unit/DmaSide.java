package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.List;
import org.sluice.api.Capability;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.ReservedRegion;
import org.sluice.core.dma.DeviceDma;
import org.sluice.core.dma.DmaClient;
import org.sluice.core.dma.DmaDomain;
import org.sluice.core.space.Space;
import org.sluice.spi.board.BusPosition;
import org.sluice.spi.board.DmaProperties;
import org.sluice.spi.driver.ReservedRegionOperations;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** A device as DMA mapping sees it. Any thread may call it, except where it says otherwise. */
final class DmaSide implements DmaClient {
    private final Device device;
    private final DmaProperties properties;
    private final boolean needsDirect;
    private final DeviceDma mapper;

    /**
     * The side of a device.
     *
     * @param properties of the board
     * @param position on its bus, which may tell the same
     */
    DmaSide(Device device, DmaProperties properties, BusPosition position) {
        this.device = device;
        this.needsDirect = position.needsDirect()
                || properties.reserved().stream().anyMatch(region -> region.type() == ReservedRegion.Type.DIRECT);
        this.properties = new DmaProperties(
                properties.coherent(),
                properties.untrusted() || position.untrusted(),
                properties.limits(),
                properties.reserved());
        this.mapper = new DeviceDma(this);
    }

    /** What makes a domain one for DMA; null for other types. Under the lock of the board. */
    static DmaDomain domainOf(Unit unit, DomainType type, Space space) {
        if (type != DomainType.DMA && type != DomainType.DMA_FQ) {
            return null;
        }
        boolean lazy = type == DomainType.DMA_FQ
                && unit.iommu().capabilities().capabilities().contains(Capability.DEFERRED_FLUSH);
        return new DmaDomain(
                space,
                lazy ? unit.commons().flushBounds() : null,
                unit.commons().clock());
    }

    DeviceDma mapper() {
        return mapper;
    }

    @Override
    public String name() {
        return device.name();
    }

    @Override
    public DmaProperties properties() {
        return properties;
    }

    @Override
    public DmaDomain dmaDomain() {
        if (device.isDeferred()) {
            device.completeDeferredAttach();
        }
        TranslationDomain domain = device.current();
        return domain == null ? null : domain.dma();
    }

    @Override
    public boolean becameDma() {
        TranslationDomain now = device.current();
        if (now != null && now.type() == DomainType.IDENTITY) {
            return false;
        }
        return device.unit().withLock(() -> {
            if (device.current() == null && device.refusal().isEmpty()) {
                device.unit().driving().serving();
            }
            TranslationDomain domain = device.current();
            if (domain == null) {
                throw new IommuException(
                        Errno.ENODEV, "the driver does not serve " + device.name() + ": " + device.refusal());
            }
            if (domain.dma() == null && domain.type() != DomainType.IDENTITY) {
                throw new IommuException(
                        Errno.EINVAL,
                        String.format(
                                "%s is in %s of type %s, DMA mapping needs DMA, DMA_FQ or IDENTITY",
                                device.name(), domain.name(), domain.type()));
            }
            return domain.dma() != null;
        });
    }

    @Override
    public PhysicalMemory memory() {
        return device.unit().memory();
    }

    @Override
    public PageAllocator allocator() {
        return device.unit().allocator();
    }

    /** Whether firmware mapped memory for it one to one that it needs in any case. */
    boolean needsDirect() {
        return needsDirect;
    }

    /** What the board says and what the driver says, if there is one. Under the lock of the board. */
    List<ReservedRegion> reserved() {
        List<ReservedRegion> all = new ArrayList<>(properties.reserved());
        if (device.unit().iommu() instanceof ReservedRegionOperations driver) {
            all.addAll(driver.reservedRegions(device.record()));
        }
        return all;
    }
}
