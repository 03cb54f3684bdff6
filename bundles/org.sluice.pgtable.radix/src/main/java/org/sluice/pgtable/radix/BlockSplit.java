package org.sluice.pgtable.radix;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;

/**
 * Replaces a leaf by those of the next smaller size that is offered.
 *
 * <p>A larger leaf becomes a table, which is complete before it is installed, by one compare-and-set against the leaf: whoever
 * walks, a device or a thread, finds the one or the other, and a mark that hardware makes meanwhile fails the exchange, so
 * that it is copied in the next attempt. The architectures here (x86, VT-d, RISC-V) let a TLB hold translations of both sizes
 * until the caller's invalidation; both say the same.
 *
 * <p>A group loses its size entry by entry. Each of them is a leaf that maps the same before and after. The first one is the
 * last to go: as long as it is as it was, a walk sees the whole.
 */
final class BlockSplit {
    private final Tables tables;
    private final Geometry geometry;
    private final EntryCode code;
    private final TableWords words;
    private final LeafAttributes attributes;
    private final long pageSizes;
    /** Whether hardware marks what it writes through. */
    private final boolean marked;

    BlockSplit(Tables tables, LeafAttributes attributes, long pageSizes, boolean marked) {
        this.tables = tables;
        this.attributes = attributes;
        this.pageSizes = pageSizes;
        this.marked = marked;
        geometry = tables.geometry;
        code = tables.code;
        words = tables.words;
    }

    /**
     * Splits the leaf that contains an address.
     *
     * @return size of the new leaves in bytes; 0 when none is there, or it is one of the smallest
     * @throws IommuException EOPNOTSUPP when leaves of the next level are not offered, or a mark could be lost in this memory;
     *     or ENOMEM; nothing changed
     */
    long split(long iova) {
        if (marked) {
            DirtyMarks.needAtomicAccess(words, "splitting a leaf");
        }
        long table = tables.root;
        Level level = geometry.top;
        while (true) {
            long at = level.entry(table, iova);
            long entry = words.load(at);
            if (!code.isPresent(entry)) {
                return 0;
            }
            if (code.isTable(entry, level)) {
                table = code.address(entry);
                level = geometry.below(level);
            } else if (!level.last) {
                Level below = geometry.below(level);
                long smaller = offered(below, entry);
                if (replace(at, entry, level, below, smaller)) {
                    return smaller;
                }
            } else if (code.isGrouped(entry)) {
                ungroup(table + 8L * (level.index(iova) & -EntryCode.GROUP_ENTRIES));
                return level.bytes();
            } else {
                return 0;
            }
        }
    }

    private long offered(Level below, long block) {
        if (below.last && code.grouped != 0 && (pageSizes & EntryCode.GROUP_BYTES) != 0) {
            return EntryCode.GROUP_BYTES;
        }
        if ((pageSizes & below.bytes()) == 0) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    String.format(
                            "leaf 0x%x would become leaves of 0x%x bytes; there are 0x%x",
                            block, below.bytes(), pageSizes));
        }
        return below.bytes();
    }

    private boolean replace(long at, long block, Level level, Level below, long smaller) {
        boolean groups = smaller != below.bytes();
        long leaf = block & ~code.leaf(level) | (groups ? code.group : code.leaf(below));
        long table = tables.allocate();
        words.fillFree(table, Level.ENTRIES, leaf, code.encode(smaller), groups ? EntryCode.GROUP_ENTRIES : 1);
        if (words.replace(at, block, tables.pointer(table))) {
            return true;
        }
        tables.host.freeTable(table, Level.TABLE_BYTES); // the leaf has changed or is gone
        return false;
    }

    private void ungroup(long first) {
        for (int i = EntryCode.GROUP_ENTRIES - 1; i >= 0; i--) {
            long at = first + 8L * i;
            long entry = words.load(at);
            while (code.isPresent(entry) && code.isGrouped(entry) && !words.replace(at, entry, alone(entry, i))) {
                entry = words.load(at); // hardware marked it, or it is gone
            }
        }
    }

    /**
     * An entry of a group as a page of its own. Where hardware marks, it marked the group in any one entry, and until the
     * caller's invalidation it need not mark again: so each that can be written counts as written.
     */
    private long alone(long entry, int index) {
        boolean written = marked && (attributes.prot(entry) & Prot.WRITE) != 0;
        long kept = entry & ~(code.group | code.encode(EntryCode.GROUP_BYTES - Level.TABLE_BYTES));
        return kept | code.encode(index * Level.TABLE_BYTES) | (written ? attributes.dirty() : 0);
    }
}
