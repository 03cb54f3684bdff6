package org.sluice.pgtable.radix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Where the tables of one level are: a direct-mapped cache, an entry packed into one {@code long}.
 *
 * <pre>
 *   63     valid
 *   62:36  tag: the IOVA's bits above those that chose the slot
 *   35:0   address of the table, in pages
 * </pre>
 *
 * <p>That is enough for IOVAs of 27 bits above the slot's, and addresses of 48 bits; what is beyond is not remembered.
 *
 * <p>Any thread may call it. The danger is an entry for a table that was unlinked: it would let a later operation write
 * into memory that has another use by then. So a fill takes the slot's stamp before its walk and is dropped if a table was
 * forgotten since; an unlink is followed by {@link #forget}, after which no entry for that table is in the cache and none
 * can come back. The stamp is odd while a fill, a forget or a growth is at it.
 */
public final class TableCache {
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int ADDRESS_BITS = 36;

    /** Highest address that an entry can hold; tables above it, which somebody else wrote, are walked every time. */
    public static final long LAST_ADDRESS = (1L << ADDRESS_BITS + Level.PAGE_SHIFT) - 1;

    private static final long ADDRESS_MASK = (1L << ADDRESS_BITS) - 1;
    private static final long VALID = 1L << 63 - ADDRESS_BITS;
    private static final int STRIPES = 16;

    /** Slots at most: as many tables of pages as map 64 GiB. */
    private static final int MOST = 1 << 15;

    private final long[] stamps;
    private final int slotShift;
    private final int tagShift;
    private final long tagMask;
    /** Only zeroes when it is new, so that it needs no care how it is seen: what is in it is loaded with acquire. */
    private long[] slots;
    /** Tables that found their slot taken since the cache grew; roughly. */
    private int crowded;

    /**
     * An empty cache.
     *
     * @param slotBits log2 of its entries, above 3; there become more of them, and the tag stays what it is
     * @param coverShift log2 of the bytes that a table covers
     * @param inputBits width of an IOVA
     */
    public TableCache(int slotBits, int coverShift, int inputBits) {
        slots = new long[1 << slotBits];
        stamps = new long[STRIPES];
        slotShift = coverShift;
        tagShift = coverShift + slotBits;
        tagMask = tagShift < inputBits ? -1L >>> Long.SIZE - (inputBits - tagShift) : 0;
    }

    /**
     * The table that covers an IOVA.
     *
     * @param iova bytes
     * @return its address; negative when it is not known
     */
    public long get(long iova) {
        long[] now = slots;
        long entry = (long) LONGS.getAcquire(now, slot(now, iova));
        return entry >>> ADDRESS_BITS == tag(iova) ? (entry & ADDRESS_MASK) << Level.PAGE_SHIFT : -1;
    }

    /**
     * Whether a table for an IOVA would drive out no other. If that happens as often as there are slots, they become twice
     * as many, so that a cache is as large as what is mapped: 8 bytes for a table of 4 KiB.
     *
     * @param iova bytes
     * @return true if so
     */
    public boolean isFree(long iova) {
        long[] now = slots;
        if ((long) LONGS.getOpaque(now, slot(now, iova)) == 0) {
            return true;
        }
        if (now.length < MOST && ++crowded > now.length) {
            grow(now);
            return true;
        }
        return false;
    }

    /** No fill may be under way, nor a forget: either could miss the new slots. Those that come later see them. */
    private void grow(long[] before) {
        long[] more = new long[2 * before.length];
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
     * Keeps the result of a walk that began after the stamp was taken, if it fits into an entry.
     *
     * @param iova bytes
     * @param table its address
     * @param stamp of {@link #stamp}
     */
    public void put(long iova, long table, long stamp) {
        int stripe = stripe(iova);
        if (Long.compareUnsigned(table, LAST_ADDRESS) <= 0
                && tag(iova) < VALID << 1
                && (stamp & 1) == 0
                && LONGS.compareAndSet(stamps, stripe, stamp, stamp + 1)) {
            long[] now = slots;
            LONGS.setRelease(now, slot(now, iova), tag(iova) << ADDRESS_BITS | table >>> Level.PAGE_SHIFT);
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
        long[] now = slots;
        int slot = slot(now, iova);
        if (((long) LONGS.getOpaque(now, slot) >>> ADDRESS_BITS) == tag(iova)) {
            LONGS.setRelease(now, slot, 0L);
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

    private int slot(long[] now, long iova) {
        return (int) (iova >>> slotShift) & now.length - 1;
    }

    private long tag(long iova) {
        return (iova >>> tagShift & tagMask) + VALID; // more than an entry holds, if the IOVA is too wide for one
    }

    /** Of whatever slot: there are fewer stripes than slots. */
    private int stripe(long iova) {
        return (int) (iova >>> slotShift) & STRIPES - 1;
    }
}
