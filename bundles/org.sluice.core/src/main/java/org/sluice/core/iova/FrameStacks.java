package org.sluice.core.iova;

import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.function.Consumer;
import org.sluice.core.gate.SwapGate;

/**
 * Stacks of frames, six for each thread, in one {@code long[]} a thread: two loads find it and no lock guards it. Only its
 * thread touches it, inside the swap gate; or whoever closed the table and then drained the gate.
 *
 * <pre>
 *   0        1                   256         257                      511
 *  ┌────────┬───────────────────┬───────────┬────────────────────────┬──
 *  │ thread │ size, 254 frames  │  unused   │ size, 254 frames       │ …
 *  └────────┴───────────────────┴───────────┴────────────────────────┴──
 *             order 0: 1 page                 order 1: 2 pages
 * </pre>
 */
final class FrameStacks {
    /** Two magazines: a thread that takes and gives around a full or an empty one does not go to the depot each time. */
    static final int CAPACITY = 2 * Magazine.CAPACITY;

    private static final int STRIDE = 256;
    private static final int MOST = 1 << 12;
    private static final long[] NOBODY = {-1};
    private static final long[][] CLOSED = {NOBODY};

    private final Consumer<long[]> abandoned;

    /** Places by the low bits of a thread's number; elements are written under this. */
    private volatile long[][] table = places(8);

    private long[][] open = table; // guarded by this; what is published while not closed
    private WeakReference<?>[] owners = new WeakReference<?>[8]; // guarded by this

    /**
     * Nobody has any.
     *
     * @param abandoned takes back what a thread left that has ended
     */
    FrameStacks(Consumer<long[]> abandoned) {
        this.abandoned = abandoned;
    }

    private static long[][] places(int count) {
        long[][] places = new long[count][];
        Arrays.fill(places, NOBODY);
        return places;
    }

    /** Index of the size of a stack; its frames follow. */
    static int base(int order) {
        return 1 + order * STRIDE;
    }

    /** The stacks of the thread that holds the pin; null while closed, or if there are too many threads. */
    long[] of(long[] pin) {
        int ordinal = SwapGate.ordinal(pin);
        long[][] all = table;
        long[] stacks = all[ordinal & all.length - 1];
        return stacks[0] == ordinal ? stacks : register(ordinal, pin);
    }

    private synchronized long[] register(int ordinal, long[] pin) {
        if (table == CLOSED) {
            return null;
        }
        while (isTaken(ordinal)) {
            if (open.length == MOST) {
                return null;
            }
            spread();
        }
        long[] made = new long[base(IovaAllocator.ORDERS)];
        made[0] = ordinal;
        int place = ordinal & open.length - 1;
        open[place] = made;
        owners[place] = new WeakReference<>(pin);
        table = open;
        return made;
    }

    /** Only the thread holds its pin: when that was collected, the thread has ended. */
    private boolean isTaken(int ordinal) {
        int place = ordinal & open.length - 1;
        if (owners[place] != null && owners[place].get() == null) {
            abandoned.accept(open[place]);
            open[place] = NOBODY;
            owners[place] = null;
        }
        return owners[place] != null;
    }

    /** Numbers that differ in the lower half of the places differ in the whole too, so nothing collides. */
    private void spread() {
        long[][] wider = places(2 * open.length);
        WeakReference<?>[] widerOwners = new WeakReference<?>[wider.length];
        for (int i = 0; i < open.length; i++) {
            if (owners[i] != null) {
                int place = (int) open[i][0] & wider.length - 1;
                wider[place] = open[i];
                widerOwners[place] = owners[i];
            }
        }
        open = wider;
        owners = widerOwners;
    }

    /** From now on nobody finds stacks; those who have found them are inside the gate. */
    synchronized void close() {
        table = CLOSED;
    }

    /** Visits all stacks, while closed and drained. */
    synchronized void forEach(Consumer<long[]> visitor) {
        for (int i = 0; i < open.length; i++) {
            if (owners[i] != null) {
                visitor.accept(open[i]);
            }
        }
    }

    /** Ends {@link #close}. */
    synchronized void reopen() {
        table = open;
    }
}
