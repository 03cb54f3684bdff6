package org.sluice.core.iova;

import java.util.Arrays;
import java.util.function.Consumer;
import org.sluice.core.gate.SwapGate;

/**
 * IOVAs of six sizes for each thread, in one {@code long[]} a thread, which its number at the swap gate finds: no lock guards
 * it. Only its thread touches it, inside the gate; or whoever closed the table and then drained the gate. What a thread left
 * that has ended, the next thread with its number takes over.
 *
 * <pre>
 *   0        8        9         13       16                  271         272
 *  ┌────────┬────────┬── … ────┬────────┬───────────────────┬───────────┬──────────────────┬──
 *  │        │ loose  │         │ loose  │ size, 254 IOVAs   │  unused   │ size, 254 IOVAs  │ …
 *  └────────┴────────┴── … ────┴────────┴───────────────────┴───────────┴──────────────────┴──
 *             1 page             32 pages  order 0: 1 page                order 1: 2 pages
 * </pre>
 *
 * <p>A <em>loose</em> one lies before each stack, 0 if there is none: who takes one and gives it back, as drivers do for
 * each packet, does not touch the stack. That is more than a saved write: the place of the top depends on a size that the
 * call before has just stored, so a stack alone goes at the pace at which the processor hands a store to the next load, twice
 * a pair; the loose one has a fixed place, and whether it is there the processor guesses.
 */
final class IovaStacks {
    /** Two magazines: a thread that takes and gives around a full or an empty one does not go to the depot each time. */
    static final int CAPACITY = 2 * Magazine.CAPACITY;

    /** Index of the loose IOVA of order 0; those of the others follow. */
    static final int LOOSE = 8;

    private static final int STACKS = 16;
    private static final int STRIDE = 256;
    private static final int PADDING = 8;
    private static final int MOST = 1 << 12;
    private static final long[][] CLOSED = {};

    /** By the number of the thread; elements are written under this. */
    private volatile long[][] table = new long[8][];

    private long[][] open = table; // guarded by this; what is published while not closed

    /** Index of the size of a stack; its IOVAs follow. */
    static int base(int order) {
        return STACKS + order * STRIDE;
    }

    /** The IOVAs of the thread that holds the pin; null while closed, or if there are too many threads. */
    long[] of(long[] pin) {
        int ordinal = SwapGate.ordinal(pin);
        long[][] all = table;
        // one check, as of an unsigned number, and none again by the array
        long[] stacks = ordinal >= 0 && ordinal < all.length ? all[ordinal] : null;
        return stacks != null ? stacks : register(ordinal);
    }

    private synchronized long[] register(int ordinal) {
        if (table == CLOSED || ordinal >= MOST) {
            return null;
        }
        if (ordinal >= open.length) {
            open = Arrays.copyOf(open, 2 * Integer.highestOneBit(ordinal));
        }
        if (open[ordinal] == null) {
            open[ordinal] = new long[base(IovaAllocator.ORDERS) + PADDING];
        }
        table = open;
        return open[ordinal];
    }

    /** From now on nobody finds stacks; those who have found them are inside the gate. */
    synchronized void close() {
        table = CLOSED;
    }

    /** Visits all stacks, while closed and drained. */
    synchronized void forEach(Consumer<long[]> visitor) {
        for (long[] stacks : open) {
            if (stacks != null) {
                visitor.accept(stacks);
            }
        }
    }

    /** Ends {@link #close}. */
    synchronized void reopen() {
        table = open;
    }
}
