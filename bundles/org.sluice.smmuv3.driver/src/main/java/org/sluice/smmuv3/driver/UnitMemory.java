package org.sluice.smmuv3.driver;

import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * What a unit keeps in memory beside the CD tables of its devices.
 *
 * @param streams the stream table
 * @param commands the command queue's ring
 * @param events the event queue's ring
 */
record UnitMemory(StreamTable streams, QueueRing commands, QueueRing events) {
    /** 4096 entries of either queue: 64 KiB of commands, 128 KiB of events. */
    private static final int QUEUE_LOG2 = 12;

    /**
     * Allocates all of it.
     *
     * @throws org.sluice.api.IommuException ENOMEM; nothing stays allocated
     */
    static UnitMemory allocate(Features features, PhysicalMemory memory, PageAllocator allocator) {
        QueueRing commands = ring(features.commandQueueLog2(), Command.BYTES, allocator);
        try {
            QueueRing events = ring(features.eventQueueLog2(), EventRecord.BYTES, allocator);
            try {
                return new UnitMemory(StreamTable.create(features, memory, allocator), commands, events);
            } catch (RuntimeException failure) {
                allocator.free(events.base(), events.bytes());
                throw failure;
            }
        } catch (RuntimeException failure) {
            allocator.free(commands.base(), commands.bytes());
            throw failure;
        }
    }

    /** Frees all of it; the SMMU is disabled. */
    void free(PageAllocator allocator) {
        streams.free();
        allocator.free(events.base(), events.bytes());
        allocator.free(commands.base(), commands.bytes());
    }

    private static QueueRing ring(int limitLog2, int entryBytes, PageAllocator allocator) {
        int log2 = Math.min(limitLog2, QUEUE_LOG2);
        long bytes = (long) entryBytes << log2;
        return new QueueRing(allocator.allocate(bytes, bytes), log2, entryBytes);
    }
}
