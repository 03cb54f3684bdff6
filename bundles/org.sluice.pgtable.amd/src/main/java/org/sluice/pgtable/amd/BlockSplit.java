package org.sluice.pgtable.amd;

import org.sluice.amd.arch.AmdPte;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.pgtable.radix.DirtyMarks;
import org.sluice.pgtable.radix.TableWords;

/**
 * Replaces a leaf by those of the next smaller size that is offered, one entry after the other, each by one compare-and-set:
 * by a table that is complete before it is installed, or by a leaf of fewer entries. Every entry maps the same before and
 * after, so every address translates at every moment; a mark that hardware makes meanwhile fails the exchange and is copied.
 */
final class BlockSplit {
    private final Tables tables;
    private final TableWords words;
    private final long pageSizes;

    BlockSplit(Tables tables, long pageSizes) {
        this.tables = tables;
        this.words = tables.words;
        this.pageSizes = pageSizes;
    }

    /**
     * Splits the leaf that contains an address.
     *
     * @return size of the new leaves in bytes; 0 when none is there, or it is one of the smallest
     * @throws IommuException EOPNOTSUPP when the next smaller size is two levels down, or a mark could be lost in this memory;
     *     or ENOMEM; nothing changed
     */
    long split(long iova) {
        DirtyMarks.needAtomicAccess(words, "splitting a leaf");
        long top = tables.topNow();
        Level level = Tables.topLevel(top);
        if (!level.covers(iova)) {
            return 0;
        }
        long table = Tables.root(top);
        while (true) {
            long entry = words.load(level.entry(table, iova));
            if (!Pte.isPresent(entry)) {
                return 0;
            }
            if (Pte.isTable(entry, level)) {
                table = Pte.tableAddress(entry);
                level = level.below();
                continue;
            }
            int shift = Pte.leafShift(entry, level);
            LeafSize smaller = offered(shift, level);
            if (smaller == null) {
                return 0;
            }
            int entries = 1 << shift - level.shift;
            long first = table + 8L * (level.index(iova) & -entries);
            boolean changed = smaller.level == level
                    ? recode(first, entries, shift, smaller)
                    : replace(first, entries, shift, level, smaller);
            if (changed) {
                return smaller.bytes();
            }
        }
    }

    /** The next smaller size; null where there is none. */
    private LeafSize offered(int shift, Level level) {
        long sizes = pageSizes & (1L << shift) - 1;
        if (sizes == 0) {
            return null;
        }
        LeafSize smaller = new LeafSize(Long.SIZE - 1 - Long.numberOfLeadingZeros(sizes));
        if (smaller.level.number < level.number - 1) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    String.format(
                            "a leaf of 0x%x bytes would become some of 0x%x, in tables of two levels; there are 0x%x",
                            1L << shift, smaller.bytes(), pageSizes));
        }
        return smaller;
    }

    /** Into leaves of the same level. From the last entry on: as long as the first is as it was, a walk sees the whole. */
    private boolean recode(long first, int entries, int shift, LeafSize smaller) {
        boolean changed = false;
        for (int i = entries - 1; i >= 0; i--) {
            long at = first + 8L * i;
            long entry = words.load(at);
            while (isLeaf(entry, shift, smaller.level)) {
                long offset = (long) i << smaller.level.shift;
                if (words.replace(at, entry, part(member(entry, entries), shift, offset, smaller))) {
                    changed = true;
                    break;
                }
                entry = words.load(at); // hardware marked it, or it is gone
            }
        }
        return changed;
    }

    /** Into tables, one an entry; all of them are there before anything changes. */
    private boolean replace(long first, int entries, int shift, Level level, LeafSize smaller) {
        long[] fresh = allocate(entries);
        boolean changed = false;
        for (int i = entries - 1; i >= 0; i--) {
            if (install(fresh[i], first, i, entries, shift, level, smaller)) {
                changed = true;
            } else {
                tables.free(fresh[i]); // the leaf is gone
            }
        }
        return changed;
    }

    private long[] allocate(int count) {
        long[] fresh = new long[count];
        int made = 0;
        try {
            while (made < count) {
                fresh[made] = tables.allocate();
                made++;
            }
            return fresh;
        } finally {
            for (int i = 0; made < count && i < made; i++) {
                tables.free(fresh[i]);
            }
        }
    }

    private boolean install(long table, long first, int index, int entries, int shift, Level level, LeafSize smaller) {
        long at = first + 8L * index;
        long entry = words.load(at);
        while (isLeaf(entry, shift, level)) {
            long leaf = member(entry, entries);
            for (int i = 0; i < Level.ENTRIES; i++) {
                long offset = ((long) index << level.shift) + ((long) i << smaller.level.shift);
                words.store(table + 8L * i, part(leaf, shift, offset, smaller));
            }
            if (words.replace(at, entry, Pte.table(table, level))) {
                return true;
            }
            entry = words.load(at);
        }
        return false;
    }

    private static boolean isLeaf(long entry, int shift, Level level) {
        return Pte.isPresent(entry) && !Pte.isTable(entry, level) && Pte.leafShift(entry, level) == shift;
    }

    /**
     * An entry of a leaf, as its parts inherit it. Hardware marks a leaf of several entries in any one of them, and until the
     * caller's invalidation it need not mark again: so each that can be written counts as written.
     */
    private static long member(long entry, int entries) {
        return entries > 1 && (entry & AmdPte.IW_MASK) != 0 ? entry | AmdPte.D_MASK : entry;
    }

    /** The entry for a part of a leaf, at an offset in it. */
    private static long part(long leaf, int shift, long offset, LeafSize smaller) {
        long kept = leaf & ~(AmdPte.OUTPUTADDRESS_MASK | AmdPte.NEXTLEVEL_MASK);
        return kept | Pte.leafAddress(leaf, shift) + offset & -smaller.bytes() | smaller.code;
    }
}
