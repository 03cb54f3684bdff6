package org.sluice.smmuv3.driver;

import org.sluice.smmuv3.arch.L1StreamTableDescriptor;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** Descriptors of second-level tables, which are allocated when a stream of theirs is first configured. */
final class TwoLevelStreamTable extends StreamTable {
    /** Span n stands for 2^(n-1) entries. */
    static final int FULL_SPAN = SPLIT + 1;

    /** Bytes of a second-level table. */
    static final long SECOND_LEVEL_BYTES = entryBytes(1L << SPLIT);

    private final PhysicalMemory memory;
    private final PageAllocator allocator;

    TwoLevelStreamTable(long base, int streamBits, PhysicalMemory memory, PageAllocator allocator) {
        super(base, streamBits);
        this.memory = memory;
        this.allocator = allocator;
    }

    static TwoLevelStreamTable create(int streamBits, PhysicalMemory memory, PageAllocator allocator) {
        long bytes = (long) L1StreamTableDescriptor.BYTES << streamBits - SPLIT;
        return new TwoLevelStreamTable(allocator.allocate(bytes, bytes), streamBits, memory, allocator);
    }

    @Override
    long configRegister() {
        return config(StrtabBaseCfg.FMT_TWO_LEVEL, streamBits(), SPLIT);
    }

    @Override
    boolean exists(int streamId) {
        return L1StreamTableDescriptor.span(descriptor(streamId >>> SPLIT)) != 0;
    }

    @Override
    boolean prepare(int streamId) {
        if (exists(streamId)) {
            return false;
        }
        long table = allocator.allocate(SECOND_LEVEL_BYTES, SECOND_LEVEL_BYTES);
        fillWithAbort(memory, table, 1L << SPLIT);
        long descriptor = L1StreamTableDescriptor.withSpan(0, FULL_SPAN);
        memory.write64Release(
                descriptorAddress(streamId >>> SPLIT), L1StreamTableDescriptor.withL2Ptr(descriptor, table));
        return true;
    }

    @Override
    long entry(int streamId) {
        long table = L1StreamTableDescriptor.l2Ptr(descriptor(streamId >>> SPLIT));
        return table + entryBytes(streamId & (1 << SPLIT) - 1);
    }

    @Override
    void forEach(EntryVisitor visitor) {
        for (int index = 0; index < descriptors(); index++) {
            if (L1StreamTableDescriptor.span(descriptor(index)) != 0) {
                for (int low = 0; low < 1 << SPLIT; low++) {
                    int streamId = index << SPLIT | low;
                    visitor.visit(streamId, entry(streamId));
                }
            }
        }
    }

    @Override
    long baseBytes() {
        return (long) L1StreamTableDescriptor.BYTES * descriptors();
    }

    @Override
    void free() {
        for (int index = 0; index < descriptors(); index++) {
            long descriptor = descriptor(index);
            if (L1StreamTableDescriptor.span(descriptor) != 0) {
                allocator.free(L1StreamTableDescriptor.l2Ptr(descriptor), SECOND_LEVEL_BYTES);
            }
        }
        allocator.free(base(), baseBytes());
    }

    /** Number of first-level descriptors. */
    int descriptors() {
        return 1 << streamBits() - SPLIT;
    }

    /** A first-level descriptor. */
    long descriptor(int index) {
        return memory.read64(descriptorAddress(index));
    }

    private long descriptorAddress(int index) {
        return base() + (long) L1StreamTableDescriptor.BYTES * index;
    }
}
