package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** One array of entries. */
final class LinearStreamTable extends StreamTable {
    /** 2^20 entries are 64 MiB; StreamIDs beyond need two levels. */
    static final int MAX_BITS = 20;

    private final PageAllocator allocator;

    LinearStreamTable(long base, int streamBits, PageAllocator allocator) {
        super(base, streamBits);
        this.allocator = allocator;
    }

    static LinearStreamTable create(int streamBits, PhysicalMemory memory, PageAllocator allocator) {
        long bytes = entryBytes(1L << streamBits);
        long base = allocator.allocate(bytes, bytes);
        fillWithAbort(memory, base, 1L << streamBits);
        return new LinearStreamTable(base, streamBits, allocator);
    }

    @Override
    long configRegister() {
        return config(StrtabBaseCfg.FMT_LINEAR, streamBits(), 0);
    }

    @Override
    boolean exists(int streamId) {
        return true;
    }

    @Override
    boolean prepare(int streamId) {
        return false;
    }

    @Override
    long entry(int streamId) {
        return base() + entryBytes(Integer.toUnsignedLong(streamId));
    }

    @Override
    void forEach(EntryVisitor visitor) {
        for (int streamId = 0; streamId < 1 << streamBits(); streamId++) {
            visitor.visit(streamId, entry(streamId));
        }
    }

    @Override
    long baseBytes() {
        return entryBytes(1L << streamBits());
    }

    @Override
    void free() {
        allocator.free(base(), baseBytes());
    }
}
