package org.sluice.bench;

import java.util.List;
import org.sluice.api.IotlbGather;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.TableHost;

/** What a page table needs, without the core: one thread uses it, so what a map retires is free at once. */
final class BenchHost implements TableHost {
    private static final MemoryRegion POOL = new MemoryRegion(0x8000_0000L, 256L << 20);

    private final PhysicalMemory memory;
    private final PageAllocator allocator;

    private BenchHost(PhysicalMemory memory) {
        this.memory = memory;
        allocator = new ResidentMemoryFactory().allocator(memory, POOL);
    }

    static BenchHost resident() {
        return new BenchHost(new ResidentMemoryFactory().create(List.of(POOL)));
    }

    static BenchHost remote() {
        return new BenchHost(new RemoteMemory(new ResidentMemoryFactory().create(List.of(POOL))));
    }

    long tableBytes() {
        return allocator.allocatedBytes();
    }

    /** Frees what an unmap took out; the core would invalidate and wait before. */
    void sync(IotlbGather gather) {
        for (int i = 0; i < gather.tableCount(); i++) {
            freeTable(gather.tableAddress(i), gather.tableBytes(i));
        }
        gather.clear();
    }

    @Override
    public PhysicalMemory memory() {
        return memory;
    }

    @Override
    public long allocateTable(long bytes, long alignment, long lastAddress) {
        return allocator.allocateBelow(bytes, alignment, lastAddress);
    }

    @Override
    public void freeTable(long address, long bytes) {
        allocator.free(address, bytes);
    }

    @Override
    public void retireTable(long iova, long size, long granule, long address, long bytes) {
        freeTable(address, bytes);
    }
}
