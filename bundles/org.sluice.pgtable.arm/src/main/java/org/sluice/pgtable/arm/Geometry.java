package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * Shape of a tree of tables: which bits of an IOVA select the entry at each level. Levels are numbered as the architecture
 * does, from the first that is walked to 3, where pages are.
 *
 * <p>Immutable.
 */
final class Geometry {
    static final int LAST_LEVEL = 3;

    /** Smallest table that is allocated, in bytes. */
    private static final long SMALLEST_TABLE = 64;

    final Granule granule;
    final int inputBits;
    final int startLevel;
    private final int bitsPerLevel;
    private final int granuleShift;

    Geometry(Granule granule, int inputBits) {
        this.granule = granule;
        this.inputBits = inputBits;
        granuleShift = granule.shift;
        bitsPerLevel = granule.bitsPerLevel();
        if (inputBits <= granuleShift) {
            throw new IommuException(
                    Errno.EINVAL,
                    "input addresses of " + inputBits + " bits: the granule alone takes " + granuleShift + " bits");
        }
        int levels = (inputBits - granuleShift + bitsPerLevel - 1) / bitsPerLevel;
        startLevel = LAST_LEVEL + 1 - levels;
    }

    /** log2 of the bytes that an entry covers. */
    int shift(int level) {
        return granuleShift + (LAST_LEVEL - level) * bitsPerLevel;
    }

    /** Bytes that an entry covers. */
    long entryBytes(int level) {
        return 1L << shift(level);
    }

    /** Entries of a table. */
    int entries(int level) {
        return level == startLevel ? 1 << inputBits - shift(level) : 1 << bitsPerLevel;
    }

    /** Which entry of its table an IOVA selects. */
    int index(long iova, int level) {
        return (int) (iova >>> shift(level)) & entries(level) - 1;
    }

    /** The level whose entries cover a size, a power of two; below {@link #startLevel} when there is none. */
    int level(long size) {
        int level = LAST_LEVEL;
        for (long covered = granule.bytes(); covered != size && level >= startLevel; covered <<= bitsPerLevel) {
            level--;
        }
        return level;
    }

    /** Allocated size of a table. */
    long tableBytes(int level) {
        return level == startLevel ? Math.max(SMALLEST_TABLE, (long) entries(level) << 3) : granule.bytes();
    }
}
