package org.sluice.core.dma;

import org.sluice.api.DmaBuffer;
import org.sluice.api.DmaDirection;
import org.sluice.spi.memory.PageAllocator;

/** Coherent memory. It is unmapped strictly whatever the domain does: the memory goes back to everybody's at once. */
final class CoherentBuffer implements DmaBuffer {
    private final StreamingMapping mapping;
    private final long paddr;
    private final long size;
    private final long bytes;
    private final PageAllocator allocator;

    /**
     * Takes over memory that is mapped.
     *
     * @param size that was asked for
     * @param bytes that were allocated
     */
    CoherentBuffer(StreamingMapping mapping, long paddr, long size, long bytes, PageAllocator allocator) {
        this.mapping = mapping;
        this.paddr = paddr;
        this.size = size;
        this.bytes = bytes;
        this.allocator = allocator;
    }

    @Override
    public long address() {
        return mapping.address();
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public DmaDirection direction() {
        return mapping.direction();
    }

    @Override
    public long physicalAddress() {
        return paddr;
    }

    @Override
    public void close() {
        if (mapping.close(false)) {
            allocator.free(paddr, bytes);
        }
    }
}
