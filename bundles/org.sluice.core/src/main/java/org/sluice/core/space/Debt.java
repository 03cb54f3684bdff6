package org.sluice.core.space;

import org.sluice.api.IotlbGather;
import org.sluice.core.gate.SwapGate;
import org.sluice.spi.driver.SpaceInvalidation;

/**
 * What one space owes its hardware beyond the call that caused it: invalidations that were queued without a sync, unmaps without
 * a gather, and what an exception left in a gather. Any thread may call it.
 */
final class Debt {
    private final Space space;
    private final Pending pending = new Pending();
    private volatile boolean queued; // invalidations that no sync followed yet

    Debt(Space space) {
        this.space = space;
    }

    /** Queues an invalidation; nobody says what was there, so larger leaves and tables must go too. Inside the gate. */
    void queue(SpaceInvalidation context, long iova, long size) {
        queued = true;
        context.invalidate(iova, size, space.geometry().smallest(), false);
    }

    /** Keeps what an exception left in a gather: it is owed still. */
    void owe(IotlbGather gather, SpaceInvalidation context) {
        if (gather.isEmpty() && gather.tableCount() == 0) {
            gather.clear();
        } else {
            pending.add(gather, context);
        }
    }

    /** Keeps the tables of a gather until the whole space is flushed; its range is not remembered. */
    void oweTables(IotlbGather gather) {
        pending.addTables(gather);
    }

    /** Pays everything, by a flush of the whole space or by what is on the list. */
    void settle(boolean everything) {
        SwapGate gate = space.commons().gate();
        GatherPool gathers = space.commons().gathers();
        long[] pin = gate.enter();
        int ordinal = SwapGate.ordinal(pin);
        try {
            Binding bound = space.boundOrNull(pin);
            if (bound == null && !space.isRevoked()) {
                throw space.missing("the pending list keeps what it owes");
            }
            IotlbGather gather = gathers.take(ordinal);
            pending.moveTo(gather);
            try {
                if (bound != null) {
                    complete(bound.context(), gather, everything);
                } else {
                    space.tables().retireAll(gather);
                    gather.clear();
                }
            } finally {
                owe(gather, bound == null ? null : bound.context());
                gathers.give(ordinal, gather);
            }
        } finally {
            gate.leave(pin);
        }
        space.tables().reclaim();
    }

    private void complete(SpaceInvalidation context, IotlbGather gather, boolean everything) {
        // Cleared first: an invalidation that another thread queues meanwhile sets it again.
        queued = false;
        if (everything) {
            context.invalidateAll();
        } else {
            PageRuns.queue(context, gather);
            context.sync();
        }
        space.tables().retireAll(gather);
        gather.clear();
    }

    /** Whether an invalidation waits for a sync, which the caller makes now. */
    boolean takeQueued() {
        boolean waits = queued;
        queued = false;
        return waits;
    }

    /** Frees what unmaps without a sync left behind; nothing translates or works through this space any more. */
    void abandon() {
        IotlbGather gather = new IotlbGather();
        pending.moveTo(gather);
        space.tables().retireAll(gather);
        space.tables().freeRetired();
    }
}
