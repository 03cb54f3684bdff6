package org.sluice.core.space;

import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.ScatterList;
import org.sluice.core.gate.SwapGate;
import org.sluice.core.iova.FlushQueue;
import org.sluice.core.iova.IovaAllocator;
import org.sluice.core.leak.Watch;

/**
 * An address space whose IOVAs the platform chooses: choosing one and mapping it, unmapping it and giving it back, each in one
 * passage through the gate. Any thread may call it.
 */
public final class DmaWindow {
    private final Space space;
    private final SwapGate gate;
    private final IovaAllocator iovas;
    private final FlushQueue queue;
    private final Watch watch;

    /**
     * The way to a space.
     *
     * @param space that nobody else maps, apart from what the allocator has reserved
     * @param iovas of the space
     * @param queue for lazy invalidation; null for strict
     */
    public DmaWindow(Space space, IovaAllocator iovas, FlushQueue queue) {
        this.space = space;
        this.gate = space.commons().gate();
        this.iovas = iovas;
        this.queue = queue;
        this.watch = space.commons().watch();
    }

    /**
     * Maps pages at an IOVA that is free.
     *
     * @param paddr bytes, a multiple of the granule
     * @param size bytes, a multiple of the granule, above 0
     * @param prot protection bits
     * @param limit last IOVA that the device can send, in bytes
     * @return the IOVA; 0 when none is free, and {@link #recover} may help
     * @throws IommuException as {@link Space#map}; nothing stays mapped and no IOVA taken
     */
    public long map(long paddr, long size, int prot, long limit) {
        Geometry.checkProt(prot);
        space.geometry().checkAligned("paddr", paddr);
        long[] pin = gate.enter();
        long iova;
        try {
            Binding bound = space.bound(pin);
            iova = take(pin, size, limit);
            if (iova != 0) {
                mapAt(bound, pin, iova, iova, size, paddr, size, prot);
            }
        } finally {
            gate.leave(pin);
        }
        space.tables().reclaim();
        return mapped(iova, size);
    }

    private long take(long[] pin, long size, long limit) {
        long iova = iovas.allocateAtHand(pin, size, limit);
        return iova != 0 ? iova : iovas.allocate(pin, size, limit);
    }

    private void give(long[] pin, long iova, long size) {
        if (!iovas.freeAtHand(pin, iova, size)) {
            iovas.free(pin, iova, size);
        }
    }

    private long mapped(long iova, long size) {
        if (iova != 0 && watch.isOn()) {
            watch.mapped(space.ledger(), space.name(), iova, size);
        }
        return iova;
    }

    private void mapAt(Binding bound, long[] pin, long origin, long iova, long whole, long paddr, long size, int prot) {
        try {
            PageRuns.map(space, bound, origin, iova, paddr, size, prot);
        } catch (RuntimeException failed) {
            // What could not be rolled back may still be translated: then the IOVA is not used again.
            if (failed.getSuppressed().length == 0) {
                give(pin, origin, whole);
            }
            throw failed;
        }
    }

    /**
     * Maps the pages of segments into one piece of IOVAs.
     *
     * @param segments any alignment
     * @param layout where each of them goes
     * @param prot protection bits
     * @param limit last IOVA that the device can send, in bytes
     * @return the IOVA of the piece; 0 when none is free
     * @throws IommuException as {@link Space#map}; nothing of any segment stays mapped
     */
    public long mapSg(ScatterList segments, SegmentLayout layout, int prot, long limit) {
        Geometry.checkProt(prot);
        long whole = layout.total(segments);
        long[] pin = gate.enter();
        long iova;
        try {
            Binding bound = space.bound(pin);
            iova = take(pin, whole, limit);
            if (iova != 0) {
                mapSegments(bound, pin, iova, whole, segments, layout, prot);
            }
        } finally {
            gate.leave(pin);
        }
        space.tables().reclaim();
        return mapped(iova, whole);
    }

    private void mapSegments(
            Binding bound, long[] pin, long iova, long whole, ScatterList segments, SegmentLayout layout, int prot) {
        long at = 0;
        try {
            for (int i = 0; i < segments.size(); ) {
                long start = layout.place(at, segments.address(i), segments.length(i));
                long paddr = layout.page(segments.address(i));
                long size = layout.pages(segments.address(i), segments.length(i));
                i++;
                // Physically contiguous pages that lie next to each other are mapped as one run, by larger leaves.
                while (i < segments.size()
                        && layout.page(segments.address(i)) == paddr + size
                        && layout.place(start + size, segments.address(i), segments.length(i)) == start + size) {
                    size += layout.pages(segments.address(i), segments.length(i));
                    i++;
                }
                PageRuns.map(space, bound, iova + start, iova + start, paddr, size, prot);
                at = start + size;
            }
        } catch (RuntimeException failed) {
            rollBack(bound, pin, iova, whole, at, segments, layout, failed);
            throw failed;
        }
    }

    private void rollBack(
            Binding bound,
            long[] pin,
            long iova,
            long whole,
            long mapped,
            ScatterList segments,
            SegmentLayout layout,
            RuntimeException reason) {
        IotlbGather gather = new IotlbGather();
        try {
            long at = 0;
            for (int i = 0; i < segments.size() && at < mapped; i++) {
                long start = layout.place(at, segments.address(i), segments.length(i));
                long size = layout.pages(segments.address(i), segments.length(i));
                if (start < mapped) {
                    PageRuns.unmap(space, bound, iova + start, size, gather);
                }
                at = start + size;
            }
            PageRuns.complete(space, bound, gather);
        } catch (RuntimeException again) {
            reason.addSuppressed(again);
            space.debt().owe(gather, bound.context());
        }
        if (reason.getSuppressed().length == 0) {
            give(pin, iova, whole);
        }
    }

    /**
     * Unmaps a piece and gives its IOVA back: at once after the hardware forgot it, or after the next flush.
     *
     * @param iova as {@link #map} gave it
     * @param size as then
     * @return bytes unmapped; if that is not the size, the IOVA was not given back
     */
    public long unmap(long iova, long size) {
        if (space.geometry().isUnmappable(iova, size)) {
            return 0;
        }
        long[] pin = gate.enter();
        long done;
        try {
            Binding bound = space.boundOrNull(pin);
            if (bound == null) {
                return missing();
            }
            if (queue == null) {
                done = noted(iova, PageRuns.unmapNow(space, bound, pin, iova, size));
                if (done == size) {
                    give(pin, iova, size);
                }
            } else {
                done = noted(iova, unmapLater(bound, pin, iova, size));
                if (done == size) {
                    queue.add(pin, iova, size);
                }
            }
        } finally {
            gate.leave(pin);
        }
        finish();
        return done;
    }

    /**
     * Unmaps what {@link #mapSg} mapped.
     *
     * @param dma its DMA segments: pages between them that belong to none are not mapped
     * @param iova of the piece
     * @param size of the piece
     * @return bytes unmapped; if that is not what the segments cover, the IOVA was not given back
     */
    public long unmapSg(ScatterList dma, long iova, long size) {
        long granule = iovas.granule();
        long[] pin = gate.enter();
        long done = 0;
        try {
            Binding bound = space.boundOrNull(pin);
            if (bound == null) {
                return missing();
            }
            long covered = 0;
            for (int i = 0; i < dma.size(); ) {
                long start = dma.address(i) & -granule;
                long end = dma.address(i) + dma.length(i) + granule - 1 & -granule;
                i++;
                while (i < dma.size() && (dma.address(i) & -granule) == end) {
                    end = dma.address(i) + dma.length(i) + granule - 1 & -granule;
                    i++;
                }
                covered += end - start;
                done += queue == null
                        ? PageRuns.unmapNow(space, bound, pin, start, end - start)
                        : unmapLater(bound, pin, start, end - start);
            }
            if (done == covered) {
                // Gaps between segments were never mapped and do no harm here.
                noted(iova, size);
                giveBack(pin, iova, size);
            }
        } finally {
            gate.leave(pin);
        }
        finish();
        return done;
    }

    /** Before the IOVA is anybody else's. */
    private long noted(long iova, long done) {
        if (watch.isOn()) {
            watch.unmapped(space.ledger(), iova, done);
        }
        return done;
    }

    private void giveBack(long[] pin, long iova, long size) {
        if (queue == null) {
            give(pin, iova, size);
        } else {
            queue.add(pin, iova, size);
        }
    }

    /** Unmaps without any invalidation; the tables that fall out wait for the flush of the whole space. */
    private long unmapLater(Binding bound, long[] pin, long iova, long size) {
        int ordinal = SwapGate.ordinal(pin);
        IotlbGather gather = space.commons().gathers().take(ordinal);
        try {
            long sizes = space.pageSizes();
            long done = 0;
            while (Long.compareUnsigned(done, size) < 0) {
                long at = iova + done;
                long pgsize = PageSizes.largest(sizes, at, size - done);
                long count = PageSizes.count(sizes, pgsize, at, at, size - done);
                long got = bound.table().unmapPages(at, pgsize, count, gather);
                if (got == 0) {
                    break;
                }
                done += got;
            }
            return done;
        } finally {
            if (gather.tableCount() != 0) {
                space.debt().oweTables(gather);
            }
            gather.clear();
            space.commons().gathers().give(ordinal, gather);
        }
    }

    private long missing() {
        if (space.isRevoked()) {
            return 0;
        }
        throw space.missing("everything stays mapped");
    }

    private void finish() {
        if (queue != null && queue.isOverdue()) {
            queue.flush();
        }
        space.tables().reclaim();
    }

    /** Makes free what waits for a flush or lies in caches, before a caller is told that no IOVA is free. */
    public void recover() {
        if (queue != null && queue.size() != 0) {
            queue.flush();
        }
        iovas.flushCaches(space.commons().drainTimeoutNanos());
    }
}
