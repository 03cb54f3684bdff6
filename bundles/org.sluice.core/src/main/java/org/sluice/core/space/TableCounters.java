package org.sluice.core.space;

import java.util.concurrent.atomic.AtomicLong;

/** How much memory page tables take, over every space of the platform. */
public final class TableCounters {
    private final AtomicLong live = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();

    /** Nothing yet. */
    public TableCounters() {}

    void allocated(long size) {
        live.incrementAndGet();
        bytes.addAndGet(size);
    }

    void freed(long size) {
        live.decrementAndGet();
        bytes.addAndGet(-size);
    }

    /**
     * Tables.
     *
     * @return a count
     */
    public long live() {
        return live.get();
    }

    /**
     * Their size.
     *
     * @return bytes
     */
    public long bytes() {
        return bytes.get();
    }
}
