package org.sluice.process.internal;

import java.util.List;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** Memory only. */
record TestBoard(String name, PhysicalMemory memory, PageAllocator allocator) implements Board {
    static TestBoard of(long bytes) {
        ResidentMemoryFactory factory = new ResidentMemoryFactory();
        MemoryRegion pool = new MemoryRegion(0x4000_0000L, bytes);
        PhysicalMemory memory = factory.create(List.of(pool));
        return new TestBoard("test", memory, factory.allocator(memory, pool));
    }

    @Override
    public List<IommuHardware> iommus() {
        return List.of();
    }

    @Override
    public List<Endpoint> endpoints() {
        return List.of();
    }
}
