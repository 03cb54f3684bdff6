package org.sluice.pgtable.arm;

import org.sluice.api.IotlbGather;
import org.sluice.pgtable.radix.TableWords;

/**
 * Takes runs of leaves out of one table, up to the first entry that is none of their size.
 *
 * <p>Whole leaves only: neither a block nor a contiguous group loses a part. Members of a group may not change one by one
 * while a TLB keeps them as one, so a part of a group goes after {@link BlockSplit} only.
 */
final class LeafRemoval {
    private final Tables tables;
    private final TableWords words;
    private final Geometry geometry;
    private final long pageType;

    LeafRemoval(Tables tables, long pageType) {
        this.tables = tables;
        this.pageType = pageType;
        words = tables.words;
        geometry = tables.geometry;
    }

    /**
     * Removes leaves, and tables that cover as much as one.
     *
     * @param entry address of the first entry
     * @param removed entries that are gone already
     * @param run entries, a multiple of those of one leaf
     * @return entries that are gone now
     */
    int remove(long entry, int removed, int run, long iova, LeafSize size, IotlbGather gather) {
        long leaf = (size.level.last ? pageType : Tables.BLOCK) | size.hint;
        int done = removed + words.clearMatching(entry + 8L * removed, run - removed, tables.kinds, leaf, 1);
        while (done < run) {
            if ((done & size.entries() - 1) != 0) {
                break; // a group that somebody else is unmapping too, against the rules
            }
            long at = iova + ((long) done << size.level.shift);
            int more = size.isGroup()
                    ? removeInsteadOfGroup(entry + 8L * done, at, size, gather)
                    : removeTable(entry + 8L * done, at, size.level, gather);
            if (more == 0) {
                break;
            }
            done += more;
            if (done < run) {
                done += words.clearMatching(entry + 8L * done, run - done, tables.kinds, leaf, 1);
            }
        }
        return done;
    }

    private int removeTable(long entry, long iova, Level level, IotlbGather gather) {
        return !level.last && tables.unlink(entry, iova, level, gather) ? 1 : 0;
    }

    /**
     * Where a group could be there are entries that are none: somebody mapped smaller leaves, and wants to be rid of all of
     * them. They go if there is one at all, as those in a table of the size do.
     */
    private int removeInsteadOfGroup(long first, long iova, LeafSize group, IotlbGather gather) {
        Level level = group.level;
        boolean holds = false;
        for (int i = 0; i < group.entries(); i++) {
            long descriptor = words.load(first + 8L * i);
            boolean table = !level.last && Tables.isTable(descriptor);
            if (!table && Tables.isMember(descriptor)) {
                return 0; // a group whose other members somebody is unmapping, against the rules
            }
            holds |= table
                    ? tables.holdsLeaf(geometry.granule.decode(descriptor), geometry.below(level))
                    : (descriptor & 1) != 0;
        }
        if (!holds) {
            return 0;
        }
        for (int i = 0; i < group.entries(); i++) {
            long entry = first + 8L * i;
            long descriptor = words.load(entry);
            if (!level.last && Tables.isTable(descriptor)) {
                tables.unlink(entry, iova + i * level.bytes(), level, gather);
            } else if ((descriptor & 1) != 0) {
                words.replace(entry, descriptor, 0);
            }
        }
        return group.entries();
    }
}
