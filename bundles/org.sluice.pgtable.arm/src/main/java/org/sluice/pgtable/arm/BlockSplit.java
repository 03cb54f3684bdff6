package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * Replaces a block by a table of the next smaller leaves. The table is complete before it is installed, by one
 * compare-and-set against the block: whoever walks, a device or a thread, finds the one or the other, and a dirty mark that
 * hardware makes meanwhile fails the exchange, so that it is copied in the next attempt.
 */
final class BlockSplit {
    private final Tables tables;
    private final Geometry geometry;
    private final TableWords words;
    private final long pageSizes;
    private final long pageType;

    BlockSplit(Tables tables, long pageSizes, long pageType) {
        this.tables = tables;
        this.geometry = tables.geometry;
        this.words = tables.words;
        this.pageSizes = pageSizes;
        this.pageType = pageType;
    }

    /**
     * Splits the block that contains an address.
     *
     * @return size of the new leaves in bytes; 0 when no block is there
     * @throws IommuException EOPNOTSUPP when leaves of the next level are not offered, or ENOMEM; nothing changed
     */
    long split(long iova) {
        long table = tables.root;
        Level level = geometry.top;
        while (!level.last) {
            long entry = level.entry(table, iova);
            long descriptor = words.load(entry);
            if ((descriptor & 1) == 0) {
                return 0;
            }
            if (Tables.isTable(descriptor)) {
                table = geometry.granule.decode(descriptor);
                level = geometry.below(level);
            } else if (replace(entry, descriptor, geometry.below(level))) {
                return geometry.below(level).bytes();
            }
        }
        return 0;
    }

    private boolean replace(long entry, long block, Level below) {
        if ((pageSizes & below.bytes()) == 0) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    String.format(
                            "block 0x%x would become leaves of 0x%x bytes; there are 0x%x",
                            block, below.bytes(), pageSizes));
        }
        long table = tables.allocate(below);
        long type = below.last ? pageType : block & DescriptorRun.TYPE;
        // A block does not reach over the bits that are folded, so its leaves' addresses ascend.
        words.fillFree(table, below.entries, block & ~DescriptorRun.TYPE | type, below.bytes());
        if (words.replace(entry, block, tables.descriptor(table))) {
            return true;
        }
        tables.host.freeTable(table, below.tableBytes()); // the block has changed or is gone
        return false;
    }
}
