package org.sluice.core.space;

import org.sluice.api.Errno;
import org.sluice.api.IotlbGather;
import org.sluice.core.gate.SwapGate;
import org.sluice.spi.driver.SpaceInvalidation;
import org.sluice.spi.pgtable.MappingException;

/** The work of a map and an unmap: runs of equal pages, and what the hardware is told afterwards. All of it inside the gate. */
final class PageRuns {
    private PageRuns() {}

    /** Unmaps, and returns when the hardware has forgotten it. */
    static long unmapNow(Space space, Binding bound, long[] pin, long iova, long size) {
        int ordinal = SwapGate.ordinal(pin);
        IotlbGather gather = space.commons().gathers().take(ordinal);
        try {
            long done = unmap(space, bound, iova, space.geometry().clip(iova, size), gather);
            complete(space, bound, gather);
            return done;
        } finally {
            space.debt().owe(gather, bound.context());
            space.commons().gathers().give(ordinal, gather);
        }
    }

    /** Unmaps up to the first hole; what is to be invalidated goes into the gather, or is synced where that cannot hold it. */
    static long unmap(Space space, Binding bound, long iova, long size, IotlbGather gather) {
        long sizes = space.geometry().pageSizes();
        long done = 0;
        while (Long.compareUnsigned(done, size) < 0) {
            long at = iova + done;
            long left = size - done;
            long pgsize = PageSizes.largest(sizes, at, left);
            long count = PageSizes.count(sizes, pgsize, at, at, left);
            if (gather.isDisjoint(at, pgsize * count, pgsize)) {
                complete(space, bound, gather);
                gather.claim(space);
            }
            long got = bound.table().unmapPages(at, pgsize, count, gather);
            if (got == 0) {
                break;
            }
            done += got;
        }
        return done;
    }

    /**
     * Maps, all or nothing of the call.
     *
     * @param origin where the call began; what it mapped from there on is rolled back on a failure
     */
    static void map(Space space, Binding bound, long origin, long iova, long paddr, long size, int prot) {
        long sizes = space.geometry().pageSizes();
        long done = 0;
        try {
            while (done != size) {
                long at = iova + done;
                long to = paddr + done;
                long left = size - done;
                long pgsize = PageSizes.largest(sizes, at | to, left);
                long count = PageSizes.count(sizes, pgsize, at, to, left);
                long mapped = bound.table().mapPages(at, to, pgsize, count, prot);
                if (mapped != pgsize * count) {
                    throw new MappingException(
                            Errno.EIO,
                            String.format(
                                    "page-table format %s mapped 0x%x of 0x%x bytes at iova 0x%x and gave no reason",
                                    bound.table().config().format(), mapped, pgsize * count, at),
                            mapped);
                }
                done += mapped;
            }
        } catch (MappingException stopped) {
            rollBack(space, bound, origin, iova - origin + done + stopped.mapped(), stopped);
            throw stopped;
        } catch (RuntimeException failed) {
            rollBack(space, bound, origin, iova - origin + done, failed);
            throw failed;
        }
    }

    /** Nothing of a failed call stays mapped, and that is synced before the caller hears of the failure. */
    private static void rollBack(Space space, Binding bound, long iova, long size, RuntimeException reason) {
        if (size == 0) {
            return;
        }
        IotlbGather gather = new IotlbGather();
        try {
            unmap(space, bound, iova, size, gather);
            complete(space, bound, gather);
        } catch (RuntimeException again) {
            reason.addSuppressed(again);
            space.debt().owe(gather, bound.context());
        }
    }

    /** Invalidates what a gather has, waits, and lets its tables go. */
    static void complete(Space space, Binding bound, IotlbGather gather) {
        if (!gather.isEmpty() || gather.tableCount() != 0) {
            queue(bound.context(), gather);
            bound.context().sync();
            space.tables().retireAll(gather);
        }
        gather.clear();
    }

    /** Queues the invalidation of what a gather has. */
    static void queue(SpaceInvalidation context, IotlbGather gather) {
        long size = Pending.size(gather);
        if (!gather.isEmpty() && size != 0) {
            context.invalidate(gather.start(), size, gather.pageSize(), gather.tableCount() == 0);
        } else if (size == 0 || gather.tableCount() != 0) {
            context.invalidateAll();
        }
    }
}
