package org.sluice.core.space;

import java.util.Map;
import org.sluice.api.DirtyBitmap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.api.Topics;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.PageTable;

/**
 * Dirty pages of one space. A mark that is cleared comes again only when the hardware walks again, so every clear is followed
 * by an invalidation of its pages and a sync before the caller goes on. Any thread may call it.
 */
final class SpaceDirty {
    private final Space space;
    private volatile boolean tracking;

    SpaceDirty(Space space) {
        this.space = space;
    }

    void set(boolean on) {
        if (!space.ledger().tracksDirty()) {
            throw unsupported();
        }
        if (on && !tracking) {
            Geometry all = space.geometry();
            // The whole space, also where its size does not fit into a long.
            long size = Math.max(all.last() - all.first() + 1, 0);
            long bytes = size == 0 ? -all.smallest() : size;
            space.work((table, gather) -> read(table, all.first(), bytes, gather, (at, to, leaf, word, prot) -> true));
        }
        boolean changes = tracking != on;
        tracking = on;
        if (changes) {
            space.commons().events().post(Topics.DIRTY_TRACKING, () -> Map.of("space", space.name(), "on", on));
        }
    }

    void read(long iova, long size, boolean clear, DirtyBitmap bitmap) {
        if (!space.ledger().tracksDirty()) {
            throw unsupported();
        }
        if (!tracking) {
            throw new IommuException(Errno.EINVAL, "dirty tracking of " + space.name() + " is not on");
        }
        space.geometry().checkRange(iova, size);
        space.work((table, gather) -> read(table, iova, size, clear ? gather : null, (at, to, leaf, word, prot) -> {
            bitmap.mark(at, leaf);
            return true;
        }));
    }

    private void read(PageTable table, long iova, long size, IotlbGather gather, LeafVisitor visitor) {
        if (!(table instanceof DirtyTracking marks)) {
            throw unsupported();
        }
        marks.readDirty(iova, size, gather != null, gather, visitor);
    }

    private IommuException unsupported() {
        return new IommuException(
                Errno.EOPNOTSUPP, space.name() + " was not made for dirty tracking, or its page-table format has none");
    }
}
