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
     * Visits every leaf of a range that the hardware marked dirty since it was cleared last. A leaf of which the range
     * touches a part is visited, and cleared, as a whole; a leaf that stands in several entries is dirty when one of them
     * is. A leaf that is unmapped meanwhile stays unmapped.
     *
     * @param iova bytes
     * @param size bytes, above 0
     * @param clear whether to clear the marks that were seen; what was cleared is added to the gather, because a write
     *     through a translation that is still cached would not be marked again before the caller has synced
     * @param gather of the caller; may be null without clear
     * @param visitor told of each dirty leaf, in ascending order of IOVA; returning false stops, with the
     *     marks behind that leaf left alone
     * @throws org.sluice.api.IommuException EINVAL for a size that is not above 0, or clear without a gather; EOPNOTSUPP for
     *     clear in a memory whose compare-and-set does not exclude the device. Nothing was cleared.
     */
    void readDirty(long iova, long size, boolean clear, IotlbGather gather, LeafVisitor visitor);
}
