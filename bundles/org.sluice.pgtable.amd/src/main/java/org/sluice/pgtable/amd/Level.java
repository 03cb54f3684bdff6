package org.sluice.pgtable.amd;

/** One level of the tree: which bits of an IOVA choose an entry, and how much an entry covers. Immutable. */
final class Level {
    /** Bytes of a table, and of the smallest page. */
    static final long TABLE_BYTES = 4096;

    /** log2 of the smallest page. */
    static final int PAGE_SHIFT = 12;

    /** Entries of a table. */
    static final int ENTRIES = 512;

    /** log2 of the entries of a table. */
    static final int INDEX_BITS = 9;

    /** Levels that a tree can have. */
    static final int MOST = 6;

    /** From the one where 4K pages are up. */
    private static final Level[] ALL = all();

    /** 0 where 4K pages are. An entry here that points to a table has this number as its next level. */
    final int number;
    /** log2 of the bytes that an entry covers. */
    final int shift;
    /** The next level towards the top table; null where no tree is higher. */
    final Level above;

    private Level(int number, Level above) {
        this.number = number;
        this.above = above;
        shift = PAGE_SHIFT + INDEX_BITS * number;
    }

    private static Level[] all() {
        Level[] levels = new Level[MOST];
        for (int number = MOST - 1; number >= 0; number--) {
            levels[number] = new Level(number, number == MOST - 1 ? null : levels[number + 1]);
        }
        return levels;
    }

    static Level of(int number) {
        return ALL[number];
    }

    /** The level below one that is not the last. */
    Level below() {
        return ALL[number - 1];
    }

    /** Whether only pages are here, and no tables. */
    boolean isLast() {
        return number == 0;
    }

    /** Which entry of its table an IOVA chooses. */
    int index(long iova) {
        return (int) (iova >>> shift) & ENTRIES - 1;
    }

    /** Address of the entry for an IOVA in its table. */
    long entry(long table, long iova) {
        return table + ((long) index(iova) << 3);
    }

    /** Whether a top table of this level covers an IOVA. */
    boolean covers(long iova) {
        return number == MOST - 1 || iova >>> shift + INDEX_BITS == 0;
    }

    /** Bytes that an entry covers. */
    long bytes() {
        return 1L << shift;
    }
}
