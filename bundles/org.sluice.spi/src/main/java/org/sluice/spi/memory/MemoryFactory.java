package org.sluice.spi.memory;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** Makes memories and allocators; a service of the memory bundle, for boards. */
@ConsumerType
public interface MemoryFactory {
    /**
     * Makes a sparse memory whose every byte reads as 0.
     *
     * @param regions disjoint, multiples of 64 KiB; several GiB cost nothing until touched
     * @return the memory
     * @throws org.sluice.api.IommuException EINVAL
     */
    PhysicalMemory create(List<MemoryRegion> regions);

    /**
     * Makes an allocator over a part of a memory that nothing else uses.
     *
     * @param memory the memory
     * @param pool the part
     * @return the allocator
     * @throws org.sluice.api.IommuException EINVAL when the pool is not memory
     */
    PageAllocator allocator(PhysicalMemory memory, MemoryRegion pool);
}
