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
 * can come back. The stamp is odd while a fill or a forget is at it.
 */
final class TableCache {
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int ADDRESS_BITS = 40;
    private static final long ADDRESS_MASK = (1L << ADDRESS_BITS) - 1;
    private static final long VALID = 1L << 63 - ADDRESS_BITS;
    private static final int STRIPES = 16;

    private final long[] slots;
    private final long[] stamps;
    private final int slotShift;
    private final int tagShift;
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
        tagShift = coverShift + slotBits;
        tagMask = tagShift < inputBits ? (1L << inputBits - tagShift) - 1 : 0;
        this.granuleShift = granuleShift;
    }

    /** Address of the table that covers an IOVA; negative when it is not known. */
    long get(long iova) {
        long entry = (long) LONGS.getAcquire(slots, slot(iova));
        return entry >>> ADDRESS_BITS == tag(iova) ? (entry & ADDRESS_MASK) << granuleShift : -1;
    }

    /** The entries, for one who looks in them itself by {@link #entry}. */
    long[] slots() {
        return slots;
    }

    int slotShift() {
        return slotShift;
    }

    int tagShift() {
        return tagShift;
    }

    /**
     * The entry itself for the table that covers an IOVA: {@link TableWords} finds the words of the table by it, without the
     * address.
     *
     * @param offset IOVA as an offset in the address space, so that no bit above it is set
     * @return the entry; 0 when it is not known
     */
    static long entry(long[] slots, int slotShift, int tagShift, long offset) {
        long entry = (long) LONGS.getAcquire(slots, (int) (offset >>> slotShift) & slots.length - 1);
        return entry >>> ADDRESS_BITS == (offset >>> tagShift | VALID) ? entry : 0;
    }

    /** Whether a table for an IOVA would drive out no other. */
    boolean isFree(long iova) {
        return (long) LONGS.getOpaque(slots, slot(iova)) == 0;
    }

    /** Taken before a walk whose result is to be kept. */
    long stamp(long iova) {
        return (long) LONGS.getAcquire(stamps, stripe(slot(iova)));
    }

    /** Keeps the result of a walk that began after the stamp was taken. */
    void put(long iova, long table, long stamp) {
        int slot = slot(iova);
        if ((stamp & 1) == 0 && LONGS.compareAndSet(stamps, stripe(slot), stamp, stamp + 1)) {
            LONGS.setRelease(slots, slot, tag(iova) << ADDRESS_BITS | table >>> granuleShift);
            LONGS.setRelease(stamps, stripe(slot), stamp);
        }
    }

    /** Drops the table that covers an IOVA, after it was unlinked and before anybody may free it. */
    void forget(long iova) {
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
        return iova >>> tagShift & tagMask | VALID;
    }

    private static int stripe(int slot) {
        return slot & STRIPES - 1;
    }
}
