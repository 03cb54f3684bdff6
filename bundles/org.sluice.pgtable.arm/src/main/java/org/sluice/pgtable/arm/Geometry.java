package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** Shape of a tree of tables: its levels, from the top one that a walk begins with to the one where pages are. Immutable. */
final class Geometry {
    final Granule granule;
    final int inputBits;
    final Level top;
    final Level pages;
    private final Level[] levels = new Level[Level.LAST + 1];

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
        for (int number = Level.LAST + 1 - count; number <= Level.LAST; number++) {
            int shift = granule.shift + (Level.LAST - number) * bits;
            int indexBits = above == null ? Math.max(0, inputBits - shift) : bits;
            above = new Level(number, shift, 1 << indexBits, above);
            levels[number] = above;
        }
        top = levels[Level.LAST + 1 - count];
        pages = above;
    }

    /** The level below one that is not the last. */
    Level below(Level level) {
        return levels[level.number + 1];
    }

    /** The level whose entries cover a size; null when there is none. */
    Level ofSize(long size) {
        Level level = pages;
        while (level != null && level.bytes() != size) {
            level = level.above;
        }
        return level;
    }
}
