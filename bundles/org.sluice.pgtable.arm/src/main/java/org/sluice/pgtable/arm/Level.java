package org.sluice.pgtable.arm;

/** One level of a tree of tables: which bits of an IOVA choose an entry, and how much an entry covers. Immutable. */
final class Level {
    /** Number of the level where pages are. */
    static final int LAST = 3;

    /** Number of the topmost level that any tree has. */
    static final int FIRST = -1;

    /** Rows of an array by level. */
    static final int ROWS = LAST - FIRST + 1;

    /** Smallest table that is allocated, in bytes. */
    private static final long SMALLEST_TABLE = 64;

    /** As the architecture counts them. */
    final int number;
    /** Place in an array by level. */
    final int row;
    /** log2 of the bytes that an entry covers. */
    final int shift;
    /** Entries of a table. */
    final int entries;
    /** Whether pages are here, and no tables. */
    final boolean last;
    /** The next level towards the top table; null for the top. */
    final Level above;
    /** Leaves of one entry. */
    final LeafSize leaf;
    /** Leaves of a contiguous group; null where the architecture has none, or a table has no room for one. */
    final LeafSize group;

    Level(int number, int shift, int entries, Level above, int groupShift) {
        this.number = number;
        this.shift = shift;
        this.entries = entries;
        this.above = above;
        row = number - FIRST;
        last = number == LAST;
        leaf = new LeafSize(this, 0);
        group = groupShift != 0 && entries >= 1 << groupShift ? new LeafSize(this, groupShift) : null;
    }

    /** Which entry of its table an IOVA chooses. */
    int index(long iova) {
        return (int) (iova >>> shift) & entries - 1;
    }

    /** Address of the entry for an IOVA in its table. */
    long entry(long table, long iova) {
        return table + ((long) index(iova) << 3);
    }

    /** Bytes that an entry covers. */
    long bytes() {
        return 1L << shift;
    }

    /** Allocated size of a table. */
    long tableBytes() {
        return Math.max(SMALLEST_TABLE, (long) entries << 3);
    }
}
