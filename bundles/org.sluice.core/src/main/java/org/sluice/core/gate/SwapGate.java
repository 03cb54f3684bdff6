package org.sluice.core.gate;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Counts operations in flight at the price of one full fence.
 *
 * <p>Every thread has a slot, a padded {@code long[]} whose sequence is odd while the thread is inside. An operation
 * makes it odd with a volatile write and only then reads what it works on (a binding, a table entry); whoever takes
 * something away first publishes that, then reads the slots. By the total order of volatile accesses one of the two sees
 * the other: either the operation finds the new state, or {@link #drain} finds the slot odd and waits until it changes.
 * A sequence rather than a flag, so that a thread that leaves and enters again between two looks does not starve the drain.
 *
 * <pre>
 *   operation                           swap, or a free of tables
 *   ─────────                           ─────────────────────────
 *   slot = odd      (volatile)          binding = null   (volatile), or the entry is unlinked
 *   read binding    (volatile)          full fence
 *   ... work ...                        for every slot that is odd: wait until it differs
 *   slot = even     (release)           nobody who saw the old state is inside
 * </pre>
 *
 * <p>The slot is held by a {@link ThreadLocal} whose value is a JDK type, and weakly by the registry: a thread that ends
 * takes its slot along. Any thread may call any method; {@link #drain} and {@link #await} only from outside.
 */
public final class SwapGate {
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(long[].class);
    /** Index of the sequence; 64 bytes and more of nothing on either side keep two threads off one cache line. */
    private static final int SEQUENCE = 8;
    /** Index of the thread's number, which never changes and may share the line. */
    private static final int ORDINAL = 9;

    private static final int SLOT_LENGTH = 24;
    private static final int SPINS = 200;
    private static final int YIELDS = 200;
    private static final long NAP_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

    private final ThreadLocal<long[]> slots = new ThreadLocal<>();
    private final CopyOnWriteArrayList<Slot> registry = new CopyOnWriteArrayList<>();
    private final LongAdder parked = new LongAdder();
    private final ReentrantLock door = new ReentrantLock();
    private final Condition opened = door.newCondition();
    private final BitSet ordinals = new BitSet(); // guarded by this; of the slots in the registry

    /** Held weakly, with its number, which is known when the slot has gone. */
    private static final class Slot extends WeakReference<long[]> {
        private final int ordinal;

        Slot(long[] slot) {
            super(slot);
            this.ordinal = (int) slot[ORDINAL];
        }
    }

    /** A gate that nobody entered yet. */
    public SwapGate() {}

    /**
     * Enters. Read what can be swapped only after this.
     *
     * @return the pin to {@link #leave} with; null if this thread is inside already, which costs nothing
     */
    public long[] enter() {
        long[] slot = slots.get();
        if (slot == null) {
            slot = register();
        }
        long sequence = slot[SEQUENCE];
        if ((sequence & 1) != 0) {
            return null;
        }
        SLOT.setVolatile(slot, SEQUENCE, sequence + 1);
        return slot;
    }

    /**
     * Leaves.
     *
     * @param pin what {@link #enter} gave; null has no effect, because an outer operation still holds the pin
     */
    public void leave(long[] pin) {
        if (pin != null) {
            SLOT.setRelease(pin, SEQUENCE, pin[SEQUENCE] + 1);
        }
    }

    /**
     * Whether this thread is inside.
     *
     * @return true between enter and leave
     */
    public boolean isInside() {
        long[] slot = slots.get();
        return slot != null && (slot[SEQUENCE] & 1) != 0;
    }

    /**
     * Number of the thread that holds a pin: what threads would share is spread by it, what each has for itself is found by
     * it. Numbers are dense. That of a thread that has ended is given to another once the collector has found its slot, so no
     * two threads hold pins of one number, ever; who finds something under its number inherits it.
     *
     * @param pin from {@link #enter}
     * @return 0 and up; 0 for a nested pin
     */
    public static int ordinal(long[] pin) {
        return pin == null ? 0 : (int) pin[ORDINAL];
    }

    /**
     * Waits until every operation that is inside now has left. Operations that enter meanwhile do not matter: they see
     * what was published before.
     *
     * @param nanos longest wait
     * @return false if one is still inside
     * @throws IllegalStateException when called from inside: two such threads would wait for each other
     */
    public boolean drain(long nanos) {
        if (isInside()) {
            throw new IllegalStateException("a drain inside an operation would wait for itself");
        }
        // What was unlinked may have been written with less than volatile; the slots must be read after it.
        VarHandle.fullFence();
        long deadline = System.nanoTime() + nanos;
        for (Slot reference : registry) {
            long[] slot = reference.get();
            if (slot != null && !hasLeft(slot, deadline)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Waits outside until something opens.
     *
     * @param open what is waited for; checked under the door's lock, so cheap
     * @param nanos longest wait
     * @return whether it is open; false after the time, or when the thread is interrupted, which it stays
     */
    public boolean await(BooleanSupplier open, long nanos) {
        parked.increment();
        long left = nanos;
        door.lock();
        try {
            while (!open.getAsBoolean()) {
                if (left <= 0) {
                    return false;
                }
                left = opened.awaitNanos(left);
            }
            return true;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            door.unlock();
        }
    }

    /** Wakes those who wait, after what they wait for was published. */
    public void open() {
        door.lock();
        try {
            opened.signalAll();
        } finally {
            door.unlock();
        }
    }

    /**
     * Operations that ever waited.
     *
     * @return a count
     */
    public long parked() {
        return parked.sum();
    }

    /**
     * Threads whose slots are known.
     *
     * @return a count; slots of threads that ended disappear when the collector found them and a thread registers
     */
    int slots() {
        return registry.size();
    }

    private synchronized long[] register() {
        List<Slot> ended =
                registry.stream().filter(known -> known.refersTo(null)).toList();
        registry.removeAll(ended);
        ended.forEach(gone -> ordinals.clear(gone.ordinal));
        long[] slot = new long[SLOT_LENGTH];
        int ordinal = ordinals.nextClearBit(0);
        ordinals.set(ordinal);
        slot[ORDINAL] = ordinal;
        // In the registry before the slot is ever odd: a drain that does not see it here is not missed by its owner.
        registry.add(new Slot(slot));
        slots.set(slot);
        return slot;
    }

    private static boolean hasLeft(long[] slot, long deadline) {
        long seen = (long) SLOT.getVolatile(slot, SEQUENCE);
        if ((seen & 1) == 0) {
            return true;
        }
        for (int tries = 0; (long) SLOT.getVolatile(slot, SEQUENCE) == seen; tries++) {
            if (tries < SPINS) {
                Thread.onSpinWait();
            } else if (System.nanoTime() - deadline >= 0) {
                return false;
            } else if (tries < SPINS + YIELDS) {
                Thread.yield();
            } else {
                LockSupport.parkNanos(NAP_NANOS);
            }
        }
        return true;
    }
}
