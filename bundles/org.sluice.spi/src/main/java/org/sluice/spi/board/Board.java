package org.sluice.spi.board;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.spi.bus.PowerSwitch;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** A machine: memory, IOMMUs, DMA-capable devices. Registered as a service while it is powered. */
@ConsumerType
public interface Board {
    /** Service property with the board's name. */
    String NAME = "sluice.board";

    /**
     * Name.
     *
     * @return unique in the container
     */
    String name();

    /**
     * Its memory.
     *
     * @return what software and devices both see
     */
    PhysicalMemory memory();

    /**
     * Memory for tables and queues.
     *
     * @return the allocator
     */
    PageAllocator allocator();

    /**
     * Its IOMMUs.
     *
     * @return at least one, constant
     */
    List<IommuHardware> iommus();

    /**
     * Its DMA-capable devices.
     *
     * @return constant
     */
    List<Endpoint> endpoints();

    /**
     * What firmware and bus say of a device's DMA.
     *
     * @param endpoint one of {@link #endpoints}
     * @return constant
     */
    default DmaProperties dmaProperties(Endpoint endpoint) {
        return DmaProperties.ORDINARY;
    }

    /**
     * The switch of the power domain that a device shares with its IOMMU.
     *
     * @param endpoint one of {@link #endpoints}
     * @return empty for what is always on; constant
     */
    default Optional<PowerSwitch> powerSwitch(Endpoint endpoint) {
        return Optional.empty();
    }
}
