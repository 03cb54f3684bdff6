package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** One array of descriptors. */
final class LinearContextTable extends ContextTable {
    private final PhysicalMemory memory;
    private final PageAllocator allocator;

    LinearContextTable(long base, int substreamBits, PhysicalMemory memory, PageAllocator allocator) {
        super(new StreamEntry.ContextTablePointer(base, StreamTableEntry.S1FMT_LINEAR, substreamBits));
        this.memory = memory;
        this.allocator = allocator;
    }

    static LinearContextTable create(int substreamBits, PhysicalMemory memory, PageAllocator allocator) {
        long bytes = (long) ContextDescriptor.BYTES << substreamBits;
        return new LinearContextTable(allocator.allocate(bytes, bytes), substreamBits, memory, allocator);
    }

    @Override
    boolean exists(int substreamId) {
        return true;
    }

    @Override
    boolean prepare(int substreamId) {
        return false;
    }

    @Override
    long entry(int substreamId) {
        return pointer().base() + (long) ContextDescriptor.BYTES * substreamId;
    }

    @Override
    void forEach(EntryVisitor visitor) {
        for (int substreamId = 0; substreamId < 1 << substreamBits(); substreamId++) {
            visitor.visit(substreamId, entry(substreamId));
        }
    }

    @Override
    long baseBytes() {
        return (long) ContextDescriptor.BYTES << substreamBits();
    }

    @Override
    ContextTable copy(int substreamId) {
        LinearContextTable copy = create(substreamBits(), memory, allocator);
        copyBytes(memory, pointer().base(), copy.pointer().base(), baseBytes());
        return copy;
    }

    @Override
    void freeCopied(int substreamId) {
        free();
    }

    @Override
    void free() {
        allocator.free(pointer().base(), baseBytes());
    }
}
