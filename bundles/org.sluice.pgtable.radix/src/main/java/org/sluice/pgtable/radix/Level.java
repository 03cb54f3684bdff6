package org.sluice.pgtable.radix;

/** One level of a tree of tables: which bits of an IOVA choose an entry, and how much an entry covers. Immutable. */
public final class Level {
    /** log2 of the smallest page. */
    public static final int PAGE_SHIFT = 12;

    /** log2 of the entries of a table. */
    public static final int INDEX_BITS = 9;

    /** Entries of a table. */
    public static final int ENTRIES = 1 << INDEX_BITS;

    /** Every table, the top one too, is a page of its own. */
    public static final long TABLE_BYTES = 1L << PAGE_SHIFT;

    /** As the architecture counts them: 0 is where pages are. */
    final int number;
    /** log2 of the bytes that an entry covers. */
    final int shift;
    /** Whether pages are here, and no tables. */
    final boolean last;
    /** The next level towards the top table; null for the top. */
    final Level above;

    Level(int number, Level above) {
        this.number = number;
        this.above = above;
        shift = PAGE_SHIFT + number * INDEX_BITS;
        last = number == 0;
    }

    /** Which entry of its table an IOVA chooses. */
    int index(long iova) {
        return (int) (iova >>> shift) & ENTRIES - 1;
    }

    /** Address of the entry for an IOVA in its table. */
    long entry(long table, long iova) {
        return table + ((long) index(iova) << 3);
    }

    /** Bytes that an entry covers. */
    long bytes() {
        return 1L << shift;
    }
}
