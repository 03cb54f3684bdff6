package org.sluice.smmuv3.model;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts invalidations of the TLB and of the configuration cache together: what a transaction read before an invalidation
 * of either must not be cached after it, since a leaf depends on the context that led to it.
 */
final class Generation {
    private final AtomicLong value = new AtomicLong();

    long current() {
        return value.get();
    }

    void advance() {
        value.incrementAndGet();
    }
}
