package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.pgtable.radix.TableWords;
import org.sluice.vmsa.arch.Stage1Leaf;

/**
 * Replaces a leaf by those of the next smaller size that is offered.
 *
 * <p>A block becomes a table, which is complete before it is installed, by one compare-and-set against the block: whoever
 * walks, a device or a thread, finds the one or the other, and a dirty mark that hardware makes meanwhile fails the exchange,
 * so that it is copied in the next attempt.
 *
 * <p>A contiguous group loses its hint member by member. Each of them is valid and maps the same before and after, so every
 * address translates at every moment; a TLB may hold the group and a member at once until the caller's invalidation, which
 * is what break-before-make level 2 permits (Arm DDI 0487, support levels for changing block size).
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
     * Splits the leaf that contains an address.
     *
     * @return size of the new leaves in bytes; 0 when none is there, or it is one of the smallest
     * @throws IommuException EOPNOTSUPP when leaves of the next level are not offered, or ENOMEM; nothing changed
     */
    long split(long iova) {
        long table = tables.root;
        Level level = geometry.top;
        while (true) {
            long entry = level.entry(table, iova);
            long descriptor = words.load(entry);
            if ((descriptor & 1) == 0) {
                return 0;
            }
            if (!level.last && Tables.isTable(descriptor)) {
                table = geometry.granule.decode(descriptor);
                level = geometry.below(level);
            } else if (level.group != null && Tables.isMember(descriptor)) {
                removeHint(table + 8L * (level.index(iova) & -level.group.entries()), level.group);
                return level.bytes();
            } else if (level.last) {
                return 0;
            } else {
                LeafSize smaller = offered(geometry.below(level), descriptor);
                if (replace(entry, descriptor, smaller)) {
                    return smaller.bytes();
                }
            }
        }
    }

    private void removeHint(long first, LeafSize group) {
        for (int i = 0; i < group.entries(); i++) {
            long entry = first + 8L * i;
            long descriptor = words.load(entry);
            while (Tables.isMember(descriptor) && !words.replace(entry, descriptor, alone(descriptor))) {
                descriptor = words.load(entry); // hardware marked it, or it is gone
            }
        }
    }

    /**
     * A member without the hint. Where hardware marks, it marked the group in any one member, and until the caller's
     * invalidation it need not mark again: so each member counts as written.
     */
    private static long alone(long member) {
        long dirty = (member & Stage1Leaf.DBM_MASK) != 0 ? member & ~Stage1Leaf.AP_RDONLY_MASK : member;
        return dirty & ~LeafSize.HINT;
    }

    private LeafSize offered(Level below, long block) {
        if (below.group != null && (pageSizes & below.group.bytes()) != 0) {
            return below.group;
        }
        if ((pageSizes & below.bytes()) == 0) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    String.format(
                            "block 0x%x would become leaves of 0x%x bytes; there are 0x%x",
                            block, below.bytes(), pageSizes));
        }
        return below.leaf;
    }

    private boolean replace(long entry, long block, LeafSize smaller) {
        Level below = smaller.level;
        long table = tables.allocate(below);
        long type = (below.last ? pageType : block & Tables.TYPE) | smaller.hint;
        // A block does not reach over the bits that are folded, so its leaves' addresses ascend.
        words.fillFree(table, below.entries, block & ~Tables.TYPE | type, below.bytes(), 1);
        if (words.replace(entry, block, tables.descriptor(table))) {
            return true;
        }
        tables.host.freeTable(table, below.tableBytes()); // the block has changed or is gone
        return false;
    }
}
