package org.sluice.pgtable.radix;

/**
 * Shape of a tree of tables, and the IOVAs that it translates. Immutable.
 *
 * <p>Some hardware takes only canonical addresses: all bits above the top table's repeat its uppermost index bit. So a tree
 * that is used in full width has two halves with a hole between them, the lower one from 0 up, the upper one down from the end
 * of 64 bits. Other hardware, and this one with fewer input bits, has one range from 0.
 */
final class Geometry {
    final int inputBits;
    final Level top;
    final Level pages;
    /** Last IOVA, inclusive; the first one is 0. */
    final long lastIova;

    private final Level[] levels;
    private final int width;
    private final int rangeBits;
    private final long upper;
    private final long rangeMask;

    /**
     * A shape.
     *
     * @param levelCount levels of tables
     * @param inputBits width of an IOVA, not above what the levels translate
     * @param canonical whether addresses in full width are sign-extended
     */
    Geometry(int levelCount, int inputBits, boolean canonical) {
        this.inputBits = inputBits;
        width = Level.PAGE_SHIFT + levelCount * Level.INDEX_BITS;
        boolean halves = canonical && inputBits == width;
        rangeBits = halves ? width - 1 : inputBits;
        rangeMask = (1L << rangeBits) - 1;
        upper = halves ? -1 : 0;
        lastIova = halves ? -1 : rangeMask;
        levels = new Level[levelCount];
        Level above = null;
        for (int number = levelCount - 1; number >= 0; number--) {
            above = new Level(number, above);
            levels[number] = above;
        }
        top = levels[levelCount - 1];
        pages = above;
    }

    int levelCount() {
        return levels.length;
    }

    /** The level below one that is not the last. */
    Level below(Level level) {
        return levels[level.number - 1];
    }

    /** The level whose entries cover a size; null when there is none. */
    Level ofSize(long size) {
        for (Level level : levels) {
            if (level.bytes() == size) {
                return level;
            }
        }
        return null;
    }

    /** Whether an address is translated. */
    boolean isIova(long iova) {
        long above = iova >> rangeBits;
        return above == 0 || above == upper;
    }

    /** Bytes behind an IOVA up to the end of its half or range. */
    long rest(long iova) {
        return rangeMask - (iova & rangeMask);
    }

    /** Largest size that fits into a half or range, in bytes. */
    long rangeBytes() {
        return 1L << rangeBits;
    }

    /** First IOVA of an entry in a table that begins at a base; for the upper half, as the hardware takes it. */
    long iova(Level level, long base, int index) {
        long iova = base + ((long) index << level.shift);
        return upper != 0 && level == top ? iova << 64 - width >> 64 - width : iova;
    }
}
