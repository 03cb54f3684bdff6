package org.sluice.core.iova;

/**
 * Two magazines for each size, of one thread. Only that thread uses it, inside the swap gate; or whoever seized the
 * allocator's caches and then drained the gate.
 */
final class ThreadCache {
    private final Magazine[] loaded = new Magazine[IovaAllocator.ORDERS];
    private final Magazine[] previous = new Magazine[IovaAllocator.ORDERS];

    /** An empty cache. */
    ThreadCache() {
        for (int order = 0; order < IovaAllocator.ORDERS; order++) {
            loaded[order] = new Magazine();
            previous[order] = new Magazine();
        }
    }

    /** Takes a frame not above the limit; 0 if neither the thread nor the depot has one. */
    long pop(int order, long limit, Depot depot) {
        long frame = loaded[order].pop(limit);
        return frame != 0 ? frame : popBehind(order, limit, depot);
    }

    private long popBehind(int order, long limit, Depot depot) {
        Magazine empty = loaded[order];
        if (previous[order].size() != 0) {
            loaded[order] = previous[order];
            previous[order] = empty;
        } else if (empty.size() == 0) {
            Magazine full = depot.pop();
            if (full == null) {
                return 0;
            }
            depot.keep(empty);
            loaded[order] = full;
        }
        return loaded[order].pop(limit);
    }

    /** Keeps a frame; a magazine too many goes to the depot. */
    void push(int order, long frame, Depot depot) {
        if (loaded[order].isFull()) {
            makeRoom(order, depot);
        }
        loaded[order].push(frame);
    }

    private void makeRoom(int order, Depot depot) {
        Magazine full = loaded[order];
        if (previous[order].isFull()) {
            loaded[order] = depot.exchange(full);
        } else {
            loaded[order] = previous[order];
            previous[order] = full;
        }
    }

    Magazine loaded(int order) {
        return loaded[order];
    }

    Magazine previous(int order) {
        return previous[order];
    }
}
