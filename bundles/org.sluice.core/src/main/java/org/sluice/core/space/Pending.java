package org.sluice.core.space;

import org.sluice.api.IotlbGather;
import org.sluice.spi.driver.SpaceInvalidation;

/**
 * What the unmaps without a gather owe: one range that was not invalidated yet, and the tables that fell out. Only a sync of
 * the space completes it. Primitives only, so it survives a swap.
 */
final class Pending {
    private final IotlbGather range = new IotlbGather(); // guarded by this
    private final IotlbGather tables = new IotlbGather(); // guarded by this

    /**
     * Takes over what an unmap owes. If one range cannot cover the old and the new well, the invalidation of the old one is
     * queued, without waiting: its tables stay.
     */
    synchronized void add(IotlbGather gather, SpaceInvalidation context) {
        addTables(gather);
        if (!gather.isEmpty()) {
            long size = size(gather);
            if (range.isDisjoint(gather.start(), size, gather.pageSize())) {
                context.invalidate(range.start(), size(range), range.pageSize(), tables.tableCount() == 0);
                range.clear();
            }
            range.addRange(gather.start(), size, gather.pageSize());
        }
        gather.clear();
    }

    /** Takes over the tables only; a flush of the whole space follows some day, and no range need be remembered for it. */
    synchronized void addTables(IotlbGather gather) {
        for (int i = 0; i < gather.tableCount(); i++) {
            tables.addTable(gather.tableAddress(i), gather.tableBytes(i));
        }
    }

    /** Moves everything into an empty gather. */
    synchronized void moveTo(IotlbGather gather) {
        if (!range.isEmpty()) {
            gather.addRange(range.start(), size(range), range.pageSize());
        }
        for (int i = 0; i < tables.tableCount(); i++) {
            gather.addTable(tables.tableAddress(i), tables.tableBytes(i));
        }
        range.clear();
        tables.clear();
    }

    /** Bytes of a range; 0 stands for all 2^64. */
    static long size(IotlbGather gather) {
        return gather.end() - gather.start() + 1;
    }
}
