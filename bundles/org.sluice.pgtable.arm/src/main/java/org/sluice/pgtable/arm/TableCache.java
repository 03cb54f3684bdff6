package org.sluice.pgtable.arm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Where the tables of one level are: a direct-mapped cache, an entry packed into one {@code long}.
 *
 * <pre>
 *   63     valid
 *   62:40  tag: the IOVA's bits above those that chose the slot
 *   39:0   address of the table, in granules
 * </pre>
 *
 * <p>Any thread may call it. The danger is an entry for a table that was unlinked: it would let a later operation write
 * into memory that has another use by then. So a fill takes the slot's stamp before its walk and is dropped if a table was
 * forgotten since; an unlink is followed by {@link #forget}, after which no entry for that table is in the cache and none
 * can come back. The stamp is odd while a fill, a forget or a growth is at it.
 */
final class TableCache {
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int ADDRESS_BITS = 40;
    private static final long ADDRESS_MASK = (1L << ADDRESS_BITS) - 1;
    private static final long VALID = 1L << 63 - ADDRESS_BITS;
    private static final int STRIPES = 16;

    /** log2 of the fewest entries: the bits above them are the tag, however many entries there are. */
    static final int FEWEST_BITS = 8;

    /** log2 of the most entries: as many tables of pages of 4K as map 64 GiB. */
    private static final int MOST = 1 << 15;

    private final long[] stamps;
    private final int slotShift;
    private final int tagShift;
    /** Only zeroes when it is new, so that it needs no care how it is seen: what is in it is loaded with acquire. */
    private long[] slots;
    /** Tables that found their slot taken since the cache grew; roughly. */
    private int crowded;

    private final long tagMask;
    private final int granuleShift;

    /** A cache that never knows anything. */
    static TableCache never() {
        return new TableCache(0, Long.SIZE - 1, Long.SIZE - 1, 0);
    }

    /**
     * An empty cache.
     *
     * @param slotBits log2 of its entries
     * @param coverShift log2 of the bytes that a table covers
     * @param inputBits width of an IOVA
     * @param granuleShift log2 of a table's size
     */
    TableCache(int slotBits, int coverShift, int inputBits, int granuleShift) {
        slots = new long[1 << slotBits];
        stamps = new long[STRIPES];
        slotShift = coverShift;
        tagShift = coverShift + FEWEST_BITS;
        tagMask = tagShift < inputBits ? (1L << inputBits - tagShift) - 1 : 0;
        this.granuleShift = granuleShift;
    }

    /** Address of the table that covers an IOVA; negative when it is not known. */
    long get(long iova) {
        long[] now = slots;
        long entry = (long) LONGS.getAcquire(now, slot(now, iova));
        return entry >>> ADDRESS_BITS == tag(iova) ? (entry & ADDRESS_MASK) << granuleShift : -1;
    }

    /**
     * The entry itself for the table that covers an IOVA: {@link TableWords} finds the words of the table by it, without the
     * address.
     *
     * @param offset IOVA as an offset in the address space, so that no bit above it is set
     * @return the entry; 0 when it is not known
     */
    long entry(long offset) {
        long[] now = slots;
        long number = offset >>> slotShift;
        long entry = (long) LONGS.getAcquire(now, (int) number & now.length - 1);
        return entry >>> ADDRESS_BITS == (number >>> FEWEST_BITS | VALID) ? entry : 0;
    }

    /**
     * Whether a table for an IOVA would drive out no other. If that happens as often as there are slots, they become twice
     * as many, so that a cache is as large as what is mapped: 8 bytes for a table of 4 KiB.
     */
    boolean isFree(long iova) {
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

    /** Taken before a walk whose result is to be kept. */
    long stamp(long iova) {
        return (long) LONGS.getAcquire(stamps, stripe(iova));
    }

    /** Keeps the result of a walk that began after the stamp was taken. */
    void put(long iova, long table, long stamp) {
        int stripe = stripe(iova);
        if ((stamp & 1) == 0 && LONGS.compareAndSet(stamps, stripe, stamp, stamp + 1)) {
            long[] now = slots;
            LONGS.setRelease(now, slot(now, iova), tag(iova) << ADDRESS_BITS | table >>> granuleShift);
            LONGS.setRelease(stamps, stripe, stamp);
        }
    }

    /** Drops the table that covers an IOVA, after it was unlinked and before anybody may free it. */
    void forget(long iova) {
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
        return iova >>> tagShift & tagMask | VALID;
    }

    /** Of whatever slot: there are fewer stripes than slots. */
    private int stripe(long iova) {
        return (int) (iova >>> slotShift) & STRIPES - 1;
    }
}
