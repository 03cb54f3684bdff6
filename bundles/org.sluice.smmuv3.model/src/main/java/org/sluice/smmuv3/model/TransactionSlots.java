package org.sluice.smmuv3.model;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Which threads are inside a transaction, and what they counted: one padded array a thread, so that a transaction writes
 * to nothing that another thread writes. A thread enters with a full fence and leaves with a release write.
 *
 * <p>CMD_SYNC drains: every transaction that had entered when the drain began has left when it ends. Transactions that
 * enter later see the invalidations that came before the drain, because the fence of {@link #enter} and that of
 * {@link #drain} order each transaction either before the one or after the other.
 */
final class TransactionSlots {
    // indices of counters; the state and they are a cache line away from either end
    private static final int STATE = 8;
    static final int TRANSACTIONS = 16;
    static final int TLB_HIT = 17;
    static final int TLB_MISS = 18;
    static final int WALK = 19;
    static final int WALK_READ = 20;
    static final int CONFIG_HIT = 21;
    static final int STE_FETCH = 22;
    static final int CD_FETCH = 23;
    static final int BYTES_READ = 24;
    static final int BYTES_WRITTEN = 25;
    static final int TLB2_HIT = 26;
    static final int TLB2_MISS = 27;
    static final int WALK2 = 28;
    static final int WALK_UPDATE = 29;
    static final int ATS_REQUESTS = 30;
    static final int ATS_TRANSLATED = 31;
    private static final int LENGTH = 40;

    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int SPINS = 100;
    private static final long PARK_NANOS = 20_000;

    private final ThreadLocal<long[]> mine = new ThreadLocal<>();
    // guarded by this
    private final List<Slot> slots = new ArrayList<>();
    private final long[] ofEndedThreads = new long[LENGTH];

    private record Slot(WeakReference<Thread> owner, long[] words) {
        boolean ended() {
            Thread thread = owner.get();
            return thread == null || !thread.isAlive();
        }
    }

    /** A transaction of this thread begins. Returns this thread's slot. */
    long[] enter() {
        long[] slot = mine.get();
        if (slot == null) {
            slot = register();
        }
        // odd: inside. The counter, not a flag: a drain must see that this one left even if the next has entered
        LONGS.setOpaque(slot, STATE, slot[STATE] + 1);
        VarHandle.fullFence();
        return slot;
    }

    /** It ends; every access to memory that it made is done. */
    void leave(long[] slot) {
        LONGS.setRelease(slot, STATE, slot[STATE] + 1);
    }

    /** Adds 1 to a counter of the calling thread's own slot; null counts nothing. */
    static void count(long[] slot, int counter) {
        if (slot != null) {
            slot[counter]++;
        }
    }

    private synchronized long[] register() {
        slots.removeIf(slot -> {
            boolean ended = slot.ended();
            if (ended) {
                for (int i = TRANSACTIONS; i < LENGTH; i++) {
                    ofEndedThreads[i] += slot.words()[i];
                }
            }
            return ended;
        });
        long[] slot = new long[LENGTH];
        slots.add(new Slot(new WeakReference<>(Thread.currentThread()), slot));
        mine.set(slot);
        return slot;
    }

    /**
     * Waits until every transaction that had entered has left. A transaction of the calling thread itself is not waited
     * for.
     */
    void drain() {
        VarHandle.fullFence();
        long[] own = mine.get();
        for (long[] slot : snapshot()) {
            if (slot != own) {
                awaitLeave(slot);
            }
        }
    }

    private static void awaitLeave(long[] slot) {
        long entered = (long) LONGS.getAcquire(slot, STATE);
        if ((entered & 1) == 0) {
            return;
        }
        for (int spins = 0; (long) LONGS.getAcquire(slot, STATE) == entered; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(PARK_NANOS);
            }
        }
    }

    private synchronized long[][] snapshot() {
        long[][] words = new long[slots.size()][];
        for (int i = 0; i < words.length; i++) {
            words[i] = slots.get(i).words();
        }
        return words;
    }

    /** The sum of a counter over all threads that ever made a transaction. */
    synchronized long total(int counter) {
        long sum = ofEndedThreads[counter];
        for (Slot slot : slots) {
            sum += (long) LONGS.getOpaque(slot.words(), counter);
        }
        return sum;
    }
}
