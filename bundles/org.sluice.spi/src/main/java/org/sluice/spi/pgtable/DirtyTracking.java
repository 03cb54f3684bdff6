package org.sluice.spi.pgtable;

import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;

/**
 * Dirty pages, for formats whose hardware marks them: an optional ability that a {@link PageTable} object implements beside
 * the table. Any thread may call it, also while others map and unmap.
 */
@ConsumerType
public interface DirtyTracking {
    /**
     * Visits every leaf of a range that the hardware marked dirty since it was cleared last.
     *
     * @param iova bytes
     * @param size bytes, above 0
     * @param clear whether to clear the marks that were seen; what was cleared is added to the gather, because a write
     *     through a translation that is still cached would not be marked again before the caller has synced
     * @param gather of the caller; may be null without clear
     * @param visitor told of each dirty leaf, in ascending order of IOVA; returning false stops
     */
    void readDirty(long iova, long size, boolean clear, IotlbGather gather, LeafVisitor visitor);
}
