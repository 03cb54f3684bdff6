package org.sluice.core.dma;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.ReservedRegion;
import org.sluice.api.Topics;
import org.sluice.core.iova.DmaClock;
import org.sluice.core.iova.FlushQueue;
import org.sluice.core.iova.IovaAllocator;
import org.sluice.core.space.DmaWindow;
import org.sluice.core.space.Space;
import org.sluice.core.space.SpaceLedger;

/**
 * What makes a paging domain one for DMA mapping: who chooses its IOVAs, and how its unmaps are invalidated. Part of the ledger:
 * it refers to nothing that a bundle can take away. Any thread may call it.
 */
public final class DmaDomain {
    private static final long TRIM_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Space space;
    private final IovaAllocator iovas;
    private final FlushQueue queue;
    private final DmaWindow strict;
    private final DmaWindow usual;
    private final DmaClock clock;

    /**
     * Takes over a space that nobody mapped anything in.
     *
     * @param space with a page table
     * @param lazy how much may wait for a flush; null for strict invalidation
     * @param clock for what must not wait too long
     */
    public DmaDomain(Space space, FlushQueue.Bounds lazy, DmaClock clock) {
        this.space = space;
        this.clock = clock;
        this.iovas = new IovaAllocator(
                space.ledger().commons().gate(),
                space.firstIova(),
                space.lastIova(),
                Long.lowestOneBit(space.pageSizes()),
                this::trimLater);
        this.queue = lazy == null
                ? null
                : new FlushQueue(
                        lazy, space.ledger().commons().gate(), iovas, space::flushTlbAll, clock, this::overflowed);
        this.strict = new DmaWindow(space, iovas, null);
        this.usual = queue == null ? strict : new DmaWindow(space, iovas, queue);
    }

    private void overflowed() {
        space.ledger().commons().events().post(Topics.FLUSH_QUEUE_OVERFLOW, () -> Map.of("space", space.name()));
    }

    private void trimLater() {
        clock.set(TRIM_NANOS, () -> {
            if (iovas.trim()) {
                trimLater();
            }
        });
    }

    /**
     * The way to map.
     *
     * @param lazily unmaps may be invalidated later, if this domain does that at all
     * @return the window
     */
    public DmaWindow window(boolean lazily) {
        return lazily ? usual : strict;
    }

    /**
     * The address space.
     *
     * @return the space
     */
    public Space space() {
        return space;
    }

    /**
     * The smallest page.
     *
     * @return bytes
     */
    public long granule() {
        return iovas.granule();
    }

    /**
     * IOVAs in use.
     *
     * @return the allocator
     */
    public IovaAllocator iovas() {
        return iovas;
    }

    /**
     * What waits for a flush.
     *
     * @return the queue; null if the domain invalidates strictly
     */
    public FlushQueue queue() {
        return queue;
    }

    /**
     * Makes room for a device before it is attached: its reserved regions are kept from allocation, and the direct ones are mapped
     * one to one with the smallest page; pages that are mapped so already stay. Under the lock of the board.
     *
     * @param device name, for messages
     * @param regions of the device
     * @throws IommuException EBUSY a mapping uses one of them; or why a page could not be mapped, nothing of that region stays
     *     mapped then
     */
    public void prepare(String device, List<ReservedRegion> regions) {
        SpaceLedger ledger = space.ledger();
        for (ReservedRegion region : regions) {
            if (!iovas.reserve(region.start(), region.last(), ledger.commons().drainTimeoutNanos())) {
                throw new IommuException(
                        Errno.EBUSY,
                        String.format(
                                "%s needs [0x%x, 0x%x] (%s), where %s has DMA mappings",
                                device,
                                region.start(),
                                region.last(),
                                region.type().text(),
                                space.name()));
            }
            if (region.type().isDirect()) {
                mapDirect(device, region);
            }
        }
    }

    private void mapDirect(String device, ReservedRegion region) {
        long page = granule();
        long start = region.start() & -page;
        long end = region.last() & -page; // start of the last page
        long from = start;
        for (long at = start; ; at += page) {
            long there = space.iovaToPhys(at);
            if (there != 0 && there != at) {
                throw new IommuException(
                        Errno.EBUSY,
                        String.format(
                                "%s needs 0x%x mapped one to one, in %s it is 0x%x", device, at, space.name(), there));
            }
            if (there != 0) {
                map(from, at - from, region.prot());
                from = at + page;
            }
            if (at == end) {
                map(from, at + page - from, region.prot());
                return;
            }
        }
    }

    private void map(long from, long size, int prot) {
        if (size != 0) {
            space.map(from, from, size, prot);
            space.ledger().commons().watch().exempt(space.ledger(), from, size);
        }
    }

    /** Ends it: what waits for a flush goes with the space. */
    public void close() {
        if (queue != null) {
            queue.close();
        }
    }
}
