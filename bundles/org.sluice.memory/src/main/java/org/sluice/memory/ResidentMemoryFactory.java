package org.sluice.memory;

import java.util.List;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** Memory on the Java heap, and buddy allocators over any memory. Stateless; any thread may call it. */
@Component(immediate = true)
public final class ResidentMemoryFactory implements MemoryFactory {
    /** Made by the component runtime, or by a test. */
    public ResidentMemoryFactory() {}

    @Override
    public PhysicalMemory create(List<MemoryRegion> regions) {
        return new ResidentMemory(regions);
    }

    @Override
    public PageAllocator allocator(PhysicalMemory memory, MemoryRegion pool) {
        return new BuddyAllocator(memory, pool);
    }
}
