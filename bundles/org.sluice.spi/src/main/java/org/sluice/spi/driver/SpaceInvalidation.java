package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Lets hardware forget translations of one address space. Any thread may call the methods, also at the same time; they do not
 * allocate.
 */
@ConsumerType
public interface SpaceInvalidation {
    /** Invalidates every translation of the space and waits. */
    void invalidateAll();

    /**
     * Queues the invalidation of a range; does not wait.
     *
     * @param iova bytes
     * @param size bytes, above 0
     * @param granule size in bytes of the smallest leaf in it
     * @param leafOnly false when tables were unlinked too, so that walk caches must go
     */
    void invalidate(long iova, long size, long granule, boolean leafOnly);

    /** Waits until every invalidation that was queued before is complete: no transaction uses what it removed. */
    void sync();
}
