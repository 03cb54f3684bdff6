package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * The hardware's side of one address space: a tag, and the invalidations by it. Any thread may call the invalidation
 * methods, also at the same time; they do not allocate.
 */
@ConsumerType
public interface TranslationContext {
    /**
     * What a successor needs to make it again.
     *
     * @return the record, with the walker configuration once {@link #install}ed
     */
    ContextRecord record();

    /**
     * The page table that the hardware wants for this context.
     *
     * @return format and configuration
     */
    PageTableConfig tableConfig();

    /**
     * Says which tables to walk; before the first attach.
     *
     * @param walker of the page table
     * @throws org.sluice.api.IommuException EINVAL a family that the hardware does not walk
     */
    void install(WalkerConfig walker);

    /** Invalidates every translation of the context and waits. */
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
