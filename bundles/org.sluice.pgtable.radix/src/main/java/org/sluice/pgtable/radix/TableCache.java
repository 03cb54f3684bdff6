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
 * can come back. The stamp is odd while a fill or a forget is at it.
 */
public final class TableCache {
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int ADDRESS_BITS = 36;

    /** Highest address that an entry can hold; tables above it, which somebody else wrote, are walked every time. */
    public static final long LAST_ADDRESS = (1L << ADDRESS_BITS + Level.PAGE_SHIFT) - 1;

    private static final long ADDRESS_MASK = (1L << ADDRESS_BITS) - 1;
    private static final long VALID = 1L << 63 - ADDRESS_BITS;
    private static final int STRIPES = 16;

    private final long[] slots;
    private final long[] stamps;
    private final int slotShift;
    private final int tagShift;
    private final long tagMask;

    /**
     * An empty cache.
     *
     * @param slotBits log2 of its entries
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
        long entry = (long) LONGS.getAcquire(slots, slot(iova));
        return entry >>> ADDRESS_BITS == tag(iova) ? (entry & ADDRESS_MASK) << Level.PAGE_SHIFT : -1;
    }

    /**
     * Whether a table for an IOVA would drive out no other.
     *
     * @param iova bytes
     * @return true if so
     */
    public boolean isFree(long iova) {
        return (long) LONGS.getOpaque(slots, slot(iova)) == 0;
    }

    /**
     * Taken before a walk whose result is to be kept.
     *
     * @param iova bytes
     * @return for {@link #put}
     */
    public long stamp(long iova) {
        return (long) LONGS.getAcquire(stamps, stripe(slot(iova)));
    }

    /**
     * Keeps the result of a walk that began after the stamp was taken, if it fits into an entry.
     *
     * @param iova bytes
     * @param table its address
     * @param stamp of {@link #stamp}
     */
    public void put(long iova, long table, long stamp) {
        int slot = slot(iova);
        if (Long.compareUnsigned(table, LAST_ADDRESS) <= 0
                && tag(iova) < VALID << 1
                && (stamp & 1) == 0
                && LONGS.compareAndSet(stamps, stripe(slot), stamp, stamp + 1)) {
            LONGS.setRelease(slots, slot, tag(iova) << ADDRESS_BITS | table >>> Level.PAGE_SHIFT);
            LONGS.setRelease(stamps, stripe(slot), stamp);
        }
    }

    /**
     * Drops the table that covers an IOVA, after it was unlinked and before anybody may free it.
     *
     * @param iova bytes
     */
    public void forget(long iova) {
        int slot = slot(iova);
        long stamp = lock(stripe(slot));
        if (((long) LONGS.getOpaque(slots, slot) >>> ADDRESS_BITS) == tag(iova)) {
            LONGS.setRelease(slots, slot, 0L);
        }
        LONGS.setVolatile(stamps, stripe(slot), stamp + 2);
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

    private int slot(long iova) {
        return (int) (iova >>> slotShift) & slots.length - 1;
    }

    private long tag(long iova) {
        return (iova >>> tagShift & tagMask) + VALID; // more than an entry holds, if the IOVA is too wide for one
    }

    private static int stripe(int slot) {
        return slot & STRIPES - 1;
    }
}
