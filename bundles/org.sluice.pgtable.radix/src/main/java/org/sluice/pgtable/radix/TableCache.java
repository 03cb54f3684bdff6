package org.sluice.pgtable.radix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Where the tables of one level are: a direct-mapped cache. What it holds is made when a table is remembered, not when it is
 * found.
 *
 * <p>Any thread may call it. The danger is a table that was unlinked and is still remembered: a later operation would write
 * into memory that has another use by then. So a fill takes the slot's stamp before its walk and is dropped if a table was
 * forgotten since; an unlink is followed by {@link #forget}, after which that table is not in the cache and cannot come
 * back. The stamp is odd while a fill, a forget or a growth is at it.
 *
 * <p>Finding takes no part in that. Slots are read plainly: a {@link KnownTable} is immutable, and what an operation finds
 * that began before a forget, even in slots that were outgrown meanwhile, it may use until it ends, because nobody frees a
 * table before such operations have left.
 */
public final class TableCache {
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int STRIPES = 16;

    /** Slots at most: as many tables of 4K pages as map 64 GiB. */
    private static final int MOST = 1 << 15;

    /** Of so many tables that find their slot taken, one drives out the other. */
    private static final int SELDOM = 16;

    private final TableWords words;
    private final long[] stamps = new long[STRIPES];
    private final int coverShift;
    /** Read without a lock: see the class. */
    private KnownTable[] slots;
    /** Tables that found their slot taken since the cache grew; roughly. */
    private int crowded;

    /**
     * An empty cache.
     *
     * @param words where tables are
     * @param slotBits log2 of its slots, above 3; there become more of them
     * @param coverShift log2 of the bytes that a table covers
     */
    public TableCache(TableWords words, int slotBits, int coverShift) {
        this.words = words;
        this.coverShift = coverShift;
        slots = new KnownTable[1 << slotBits];
    }

    /**
     * A cache for what is not to be remembered.
     *
     * @param words where tables are
     * @return empty
     */
    public static TableCache never(TableWords words) {
        return new TableCache(words, 4, 0);
    }

    /**
     * The table that covers an IOVA.
     *
     * @param iova bytes
     * @return its address; negative when it is not known
     */
    public long get(long iova) {
        KnownTable known = inSlot(iova, coverShift);
        return known != null && known.first == (iova & -1L << coverShift) ? known.address : -1;
    }

    /**
     * What is in the slot for an IOVA, whatever it covers.
     *
     * @param shift log2 of the bytes that a table covers, which the caller has at hand
     * @return null if nothing is
     */
    KnownTable inSlot(long iova, int shift) {
        KnownTable[] now = slots;
        return now[(int) (iova >>> shift) & now.length - 1];
    }

    /**
     * Whether a table is to be remembered. If it often happens that a slot is taken, there become twice as many, so that a
     * cache is as large as what is mapped. The largest one seldom lets a table drive out another: each makes garbage, and
     * what is used often gets in all the same.
     *
     * @param iova bytes
     * @param evicts whether it may drive out another
     * @return true if {@link #put} is to be called
     */
    public boolean admits(long iova, boolean evicts) {
        KnownTable[] now = slots;
        if (now[slot(now, iova)] == null) {
            return true;
        }
        int taken = ++crowded;
        if (now.length == MOST) {
            return evicts && taken % SELDOM == 0;
        }
        if (taken > now.length) {
            grow(now);
            return true;
        }
        return evicts;
    }

    /** No fill may be under way, nor a forget: either could miss the new slots. Those that come later see them. */
    private void grow(KnownTable[] before) {
        KnownTable[] more = new KnownTable[2 * before.length];
        long[] held = new long[STRIPES];
        for (int stripe = 0; stripe < STRIPES; stripe++) {
            held[stripe] = lock(stripe);
        }
        if (slots == before) {
            slots = more;
            crowded = 0;
        }
        for (int stripe = 0; stripe < STRIPES; stripe++) {
            LONGS.setVolatile(stamps, stripe, held[stripe] + 2);
        }
    }

    /**
     * Taken before a walk whose result is to be kept.
     *
     * @param iova bytes
     * @return for {@link #put}
     */
    public long stamp(long iova) {
        return (long) LONGS.getAcquire(stamps, stripe(iova));
    }

    /**
     * Keeps the result of a walk that began after the stamp was taken.
     *
     * @param iova bytes
     * @param table its address
     * @param stamp of {@link #stamp}
     */
    public void put(long iova, long table, long stamp) {
        KnownTable known = words.known(table, iova & -1L << coverShift);
        int stripe = stripe(iova);
        if ((stamp & 1) == 0 && LONGS.compareAndSet(stamps, stripe, stamp, stamp + 1)) {
            KnownTable[] now = slots;
            now[slot(now, iova)] = known;
            LONGS.setRelease(stamps, stripe, stamp);
        }
    }

    /**
     * Drops the table that covers an IOVA, after it was unlinked and before anybody may free it.
     *
     * @param iova bytes
     */
    public void forget(long iova) {
        int stripe = stripe(iova);
        long stamp = lock(stripe);
        if (get(iova) >= 0) {
            KnownTable[] now = slots;
            now[slot(now, iova)] = null;
        }
        LONGS.setVolatile(stamps, stripe, stamp + 2);
    }

    private long lock(int stripe) {
        while (true) {
            long stamp = (long) LONGS.getOpaque(stamps, stripe);
            if ((stamp & 1) == 0 && LONGS.compareAndSet(stamps, stripe, stamp, stamp + 1)) {
                return stamp;
            }
            Thread.onSpinWait(); // the holder is two stores away
        }
    }

    private int slot(KnownTable[] now, long iova) {
        return (int) (iova >>> coverShift) & now.length - 1;
    }

    /** Of whatever slot: there are no more stripes than slots. */
    private int stripe(long iova) {
        return (int) (iova >>> coverShift) & STRIPES - 1;
    }
}
