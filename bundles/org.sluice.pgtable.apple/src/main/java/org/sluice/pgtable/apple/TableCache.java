package org.sluice.pgtable.apple;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Where the tables of pages are: a direct-mapped cache, an entry packed into one {@code long}: tag and table address, both
 * in pages, the address in the low 32 bits. Any thread may call it. No table is freed while the space lives, because no
 * unmap covers one; so what is remembered stays true.
 */
final class TableCache {
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int SLOTS = 1 << 10;
    private static final int ADDRESS_BITS = 32;
    private static final long ADDRESS_MASK = (1L << ADDRESS_BITS) - 1;
    /** Tells an entry for IOVA 0 from none. */
    private static final long VALID = 1L << 63 - ADDRESS_BITS;

    private final long[] slots = new long[SLOTS];
    private final int coverShift;
    private final int pageShift;

    /**
     * An empty cache.
     *
     * @param coverShift log2 of the bytes that a table covers
     * @param pageShift log2 of its size
     */
    TableCache(int coverShift, int pageShift) {
        this.coverShift = coverShift;
        this.pageShift = pageShift;
    }

    /** Address of the table that covers an IOVA; negative when it is not known. */
    long get(long iova) {
        long number = iova >>> coverShift;
        long entry = (long) LONGS.getAcquire(slots, (int) number & SLOTS - 1);
        return entry >>> ADDRESS_BITS == (number | VALID) ? (entry & ADDRESS_MASK) << pageShift : -1;
    }

    void put(long iova, long table) {
        long number = iova >>> coverShift;
        LONGS.setRelease(slots, (int) number & SLOTS - 1, (number | VALID) << ADDRESS_BITS | table >>> pageShift);
    }
}
