package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.L1ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** Descriptors of 64 KiB leaves, which are allocated when a SubstreamID of theirs is first used. */
final class TwoLevelContextTable extends ContextTable {
    private final PhysicalMemory memory;
    private final PageAllocator allocator;

    TwoLevelContextTable(long base, int substreamBits, PhysicalMemory memory, PageAllocator allocator) {
        super(new StreamEntry.ContextTablePointer(base, StreamTableEntry.S1FMT_TWO_LEVEL_64K, substreamBits));
        this.memory = memory;
        this.allocator = allocator;
    }

    static TwoLevelContextTable create(int substreamBits, PhysicalMemory memory, PageAllocator allocator) {
        long bytes = (long) L1ContextDescriptor.BYTES << substreamBits - LEAF_BITS;
        return new TwoLevelContextTable(allocator.allocate(bytes, bytes), substreamBits, memory, allocator);
    }

    @Override
    boolean exists(int substreamId) {
        return L1ContextDescriptor.v(descriptor(substreamId >>> LEAF_BITS)) != 0;
    }

    @Override
    boolean prepare(int substreamId) {
        int index = substreamId >>> LEAF_BITS;
        if (exists(substreamId)) {
            return false;
        }
        link(index, allocator.allocate(LEAF_BYTES, LEAF_BYTES));
        return true;
    }

    @Override
    long entry(int substreamId) {
        return leaf(substreamId) + (long) ContextDescriptor.BYTES * (substreamId & (1 << LEAF_BITS) - 1);
    }

    @Override
    void forEach(EntryVisitor visitor) {
        for (int index = 0; index < descriptors(); index++) {
            if (L1ContextDescriptor.v(descriptor(index)) != 0) {
                for (int low = 0; low < 1 << LEAF_BITS; low++) {
                    int substreamId = index << LEAF_BITS | low;
                    visitor.visit(substreamId, entry(substreamId));
                }
            }
        }
    }

    @Override
    long baseBytes() {
        return (long) L1ContextDescriptor.BYTES * descriptors();
    }

    @Override
    ContextTable copy(int substreamId) {
        TwoLevelContextTable copy = create(substreamBits(), memory, allocator);
        try {
            long leaf = allocator.allocate(LEAF_BYTES, LEAF_BYTES);
            copyBytes(memory, leaf(substreamId), leaf, LEAF_BYTES);
            copyBytes(memory, pointer().base(), copy.pointer().base(), baseBytes());
            copy.link(substreamId >>> LEAF_BITS, leaf);
        } catch (RuntimeException failure) {
            copy.allocator.free(copy.pointer().base(), copy.baseBytes());
            throw failure;
        }
        return copy;
    }

    @Override
    void freeCopied(int substreamId) {
        allocator.free(leaf(substreamId), LEAF_BYTES);
        allocator.free(pointer().base(), baseBytes());
    }

    @Override
    void free() {
        for (int index = 0; index < descriptors(); index++) {
            long descriptor = descriptor(index);
            if (L1ContextDescriptor.v(descriptor) != 0) {
                allocator.free(L1ContextDescriptor.l2Ptr(descriptor), LEAF_BYTES);
            }
        }
        allocator.free(pointer().base(), baseBytes());
    }

    /** Number of first-level descriptors. */
    int descriptors() {
        return 1 << substreamBits() - LEAF_BITS;
    }

    /** A first-level descriptor. */
    long descriptor(int index) {
        return memory.read64(descriptorAddress(index));
    }

    private long leaf(int substreamId) {
        return L1ContextDescriptor.l2Ptr(descriptor(substreamId >>> LEAF_BITS));
    }

    private void link(int index, long leaf) {
        long descriptor = L1ContextDescriptor.withL2Ptr(L1ContextDescriptor.withV(0, 1), leaf);
        memory.write64Release(descriptorAddress(index), descriptor);
    }

    private long descriptorAddress(int index) {
        return pointer().base() + (long) L1ContextDescriptor.BYTES * index;
    }
}
