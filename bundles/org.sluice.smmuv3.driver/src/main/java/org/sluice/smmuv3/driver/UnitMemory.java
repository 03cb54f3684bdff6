package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.List;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * What a unit keeps in memory beside the CD tables of its devices.
 *
 * @param streams the stream table
 * @param commands the command queue's ring
 * @param events the event queue's ring
 * @param pageRequests the page request queue's ring, or null where there is none
 * @param reserved streams that pass until their device is attached
 */
record UnitMemory(
        StreamTable streams, QueueRing commands, QueueRing events, QueueRing pageRequests, ReservedStreams reserved) {
    /** 4096 entries of each queue: 64 KiB of commands, 128 KiB of events. */
    private static final int QUEUE_LOG2 = 12;

    /**
     * Allocates all of it; streams that are reserved pass.
     *
     * @throws org.sluice.api.IommuException ENOMEM; nothing stays allocated
     */
    static UnitMemory allocate(
            Features features, ReservedStreams reserved, PhysicalMemory memory, PageAllocator allocator) {
        List<QueueRing> rings = new ArrayList<>();
        try {
            rings.add(ring(features.commandQueueLog2(), Command.BYTES, allocator));
            rings.add(ring(features.eventQueueLog2(), EventRecord.BYTES, allocator));
            QueueRing requests = null;
            if (features.has(Feature.PAGE_REQUESTS)) {
                requests = ring(features.pageRequestQueueLog2(), PageRequestRecord.BYTES, allocator);
                rings.add(requests);
            }
            StreamTable streams = StreamTable.create(features, memory, allocator);
            try {
                streams.letPass(reserved, memory);
            } catch (RuntimeException failure) {
                streams.free();
                throw failure;
            }
            return new UnitMemory(streams, rings.get(0), rings.get(1), requests, reserved);
        } catch (RuntimeException failure) {
            rings.forEach(ring -> allocator.free(ring.base(), ring.bytes()));
            throw failure;
        }
    }

    /** Frees all of it; the SMMU is disabled. */
    void free(PageAllocator allocator) {
        streams.free();
        if (pageRequests != null) {
            allocator.free(pageRequests.base(), pageRequests.bytes());
        }
        allocator.free(events.base(), events.bytes());
        allocator.free(commands.base(), commands.bytes());
    }

    private static QueueRing ring(int limitLog2, int entryBytes, PageAllocator allocator) {
        int log2 = Math.min(limitLog2, QUEUE_LOG2);
        long bytes = (long) entryBytes << log2;
        return new QueueRing(allocator.allocate(bytes, bytes), log2, entryBytes);
    }
}
