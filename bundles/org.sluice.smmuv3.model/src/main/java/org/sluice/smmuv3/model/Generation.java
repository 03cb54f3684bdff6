package org.sluice.smmuv3.model;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts invalidations of the TLB and of the configuration cache together: what a transaction read before an invalidation
 * of either must not be cached after it, since a leaf depends on the context that led to it.
 *
 * <p>And counts, apart from that, whatever makes a {@link MicroTlb} forget: these invalidations, entries that the two caches
 * replaced, and drains.
 */
final class Generation {
    private static final VarHandle CHANGES;

    static {
        try {
            CHANGES = MethodHandles.lookup().findVarHandle(Generation.class, "changes", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final AtomicLong value = new AtomicLong();
    // in this object and above 0: each transaction reads it
    private volatile long changes = 1;

    long current() {
        return value.get();
    }

    /** Something is about to be invalidated. */
    void advance() {
        value.incrementAndGet();
        forget();
    }

    /** What a {@link MicroTlb} remembers is good as long as this is the same; above 0. */
    long changes() {
        return changes;
    }

    /** Something else was cached than what a {@link MicroTlb} may have, or transactions are no longer to be served by one. */
    void forget() {
        CHANGES.getAndAdd(this, 1L);
    }
}
