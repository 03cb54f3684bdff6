package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** Shape of a tree of tables: its levels, from the top one that a walk begins with to the one where pages are. Immutable. */
final class Geometry {
    final Granule granule;
    final int inputBits;
    final Level top;
    final Level pages;
    private final Level[] levels = new Level[Level.ROWS];

    /** As few levels as input addresses need. */
    Geometry(Granule granule, int inputBits) {
        this(granule, inputBits, (inputBits - granule.shift + granule.bitsPerLevel() - 1) / granule.bitsPerLevel());
    }

    /**
     * Another number of levels. With fewer than needed, the top level is several tables, one behind the other; with more,
     * it is an entry that is always the same.
     */
    Geometry(Granule granule, int inputBits, int count) {
        this.granule = granule;
        this.inputBits = inputBits;
        if (inputBits <= granule.shift) {
            throw new IommuException(
                    Errno.EINVAL,
                    "input addresses of " + inputBits + " bits: the granule alone takes " + granule.shift + " bits");
        }
        int bits = granule.bitsPerLevel();
        Level above = null;
        int start = Level.LAST + 1 - count;
        for (int number = start; number <= Level.LAST; number++) {
            int shift = granule.shift + (Level.LAST - number) * bits;
            int indexBits = above == null ? Math.max(0, inputBits - shift) : bits;
            above = new Level(number, shift, 1 << indexBits, above, granule.groupShift(number));
            levels[above.row] = above;
        }
        top = levels[start - Level.FIRST];
        pages = above;
    }

    /** The level below one that is not the last. */
    Level below(Level level) {
        return levels[level.row + 1];
    }

    /** What leaves of a size are; null when no leaf can have it. */
    LeafSize ofSize(long size) {
        for (Level level = pages; level != null; level = level.above) {
            if (level.bytes() == size) {
                return level.leaf;
            }
            if (level.group != null && level.group.bytes() == size) {
                return level.group;
            }
        }
        return null;
    }

    /** Of a set of sizes, and of the sizes of their contiguous groups, those that leaves of this tree can have. */
    long sizes(long offered, boolean groups) {
        long sizes = 0;
        for (Level level = pages; level != null; level = level.above) {
            if ((offered & level.bytes()) != 0) {
                sizes |= level.bytes() | (groups && level.group != null ? level.group.bytes() : 0);
            }
        }
        return sizes;
    }
}
