package org.sluice.smmuv3.model;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Which threads are inside a transaction, and what they counted: one padded array a thread, so that a transaction writes
 * to nothing that another thread writes. A thread enters with a full fence and leaves with a release write.
 *
 * <p>CMD_SYNC drains: every transaction that had entered when the drain began has left when it ends. Transactions that
 * enter later see the invalidations that came before the drain, because the fence of {@link #enter} and that of
 * {@link #drain} order each transaction either before the one or after the other.
 *
 * <p>What only reads may do without entering: it takes {@link #drains} before it looks anything up, and asks {@link
 * #isCurrent} after its last access to memory. If no drain began in between, all its accesses came before any later drain,
 * and all invalidations that an earlier drain covers came before its look-ups. Else what it read does not count.
 */
final class TransactionSlots {
    // the state and what belongs to the thread are a cache line away from either end
    private static final int STATE = 8;
    private static final int FILLS = 9;
    private static final int STREAM = 10;
    private static final int ORDINAL = 12;
    /** Where a translation leaves the {@link Attributes} of its outcome. */
    static final int ATTRIBUTES = 11;

    // counters of a stream, as offsets into its block
    static final int TRANSACTIONS = 0;
    /** And the level of the leaf that was hit. */
    static final int TLB_HIT = 1;

    static final int TLB_MISS = 5;
    static final int WALK = 6;
    static final int WALK_READ = 7;
    static final int CONFIG_HIT = 8;
    static final int STE_FETCH = 9;
    static final int CD_FETCH = 10;
    static final int BYTES_READ = 11;
    static final int BYTES_WRITTEN = 12;
    /** And the level of the leaf that was hit. */
    static final int TLB2_HIT = 13;

    static final int TLB2_MISS = 17;
    static final int WALK2 = 18;
    static final int FAULT = 19;
    static final int WALK_UPDATE = 20;
    static final int ATS_REQUESTS = 21;
    static final int ATS_TRANSLATED = 22;
    /** Transactions that hit the configuration cache and the TLB; and the level of the leaf that was hit. */
    static final int CACHED = 23;

    /** Words of a block: four cache lines. */
    static final int BLOCK = 32;

    private static final int FIRST_BLOCK = 16;

    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int SPINS = 100;
    private static final long PARK_NANOS = 20_000;

    private final ThreadLocal<long[]> mine = new ThreadLocal<>();
    // guarded by this
    private final List<Slot> slots = new ArrayList<>();
    private final long[] ofEndedThreads;
    private final StreamIndex streams;
    private final Generation generation;
    private final AtomicLong drains = new AtomicLong();

    private record Slot(WeakReference<Thread> owner, long[] words, Tally[] tallies) {
        boolean ended() {
            Thread thread = owner.get();
            return thread == null || !thread.isAlive();
        }
    }

    /** Counts the streams of an index apart, and makes {@link MicroTlb}s of a generation forget when it drains. */
    TransactionSlots(StreamIndex streams, Generation generation) {
        this.streams = streams;
        this.generation = generation;
        ofEndedThreads = new long[length()];
    }

    private int length() {
        return FIRST_BLOCK + streams.blocks() * BLOCK + BLOCK;
    }

    /** This thread's slot. */
    long[] slot() {
        long[] slot = mine.get();
        return slot != null ? slot : register();
    }

    /** A transaction of this thread begins. Returns this thread's slot. */
    long[] enter(int streamId) {
        long[] slot = slot();
        slot[STREAM] = FIRST_BLOCK + streams.block(streamId) * BLOCK;
        enter(slot);
        return slot;
    }

    /** The same of a transaction that knows where its counters are. */
    static void enter(long[] slot) {
        // odd: inside. The counter, not a flag: a drain must see that this one left even if the next has entered
        LONGS.setOpaque(slot, STATE, slot[STATE] + 1);
        VarHandle.fullFence();
    }

    /** How many drains have begun. Whoever sees a drain sees everything that was invalidated before it. */
    long drains() {
        return drains.get();
    }

    /** Whether no other drain had begun when the last access to memory of this thread was done. */
    boolean isCurrent(long drainsBefore) {
        VarHandle.acquireFence();
        return drains.get() == drainsBefore;
    }

    /** It ends; every access to memory that it made is done. */
    static void leave(long[] slot) {
        LONGS.setRelease(slot, STATE, slot[STATE] + 1);
    }

    /** A slot for an inquiry, which counts nothing that anybody sees and fills nothing. */
    static long[] inquiry() {
        long[] slot = new long[FIRST_BLOCK + BLOCK];
        slot[STREAM] = FIRST_BLOCK;
        return slot;
    }

    /** Whether what was found goes into the caches. */
    static boolean fills(long[] slot) {
        return slot[FILLS] != 0;
    }

    /** Where the counters of the transaction's stream begin, in the slots of all threads. */
    static int counters(long[] slot) {
        return (int) slot[STREAM];
    }

    /** Which of the threads that are alive has a slot: a small number. */
    static int ordinal(long[] slot) {
        return (int) slot[ORDINAL];
    }

    /** Counts a transaction that hit all caches; {@code moved} is {@link #BYTES_READ} or {@link #BYTES_WRITTEN}. */
    static void countCached(long[] slot, int counters, int level, int moved, int bytes) {
        slot[counters + CACHED + level]++;
        slot[counters + moved] += bytes;
    }

    /** The block of {@link StreamIndex} that some counters are. */
    static int block(int counters) {
        return (counters - FIRST_BLOCK) / BLOCK;
    }

    /** What a thread counts beside its slot: {@link Tally#KINDS} for each block of {@link StreamIndex}, null where nothing is. */
    synchronized Tally[] tallies(long[] slot) {
        return slots.stream()
                .filter(one -> one.words() == slot)
                .map(Slot::tallies)
                .findFirst()
                .orElseThrow();
    }

    /** Adds 1 to a counter of the transaction's stream, in the calling thread's own slot. */
    static void count(long[] slot, int counter) {
        slot[(int) slot[STREAM] + counter]++;
    }

    /** Adds to a counter of the transaction's stream. */
    static void add(long[] slot, int counter, int amount) {
        slot[(int) slot[STREAM] + counter] += amount;
    }

    private synchronized long[] register() {
        slots.removeIf(slot -> {
            boolean ended = slot.ended();
            if (ended) {
                for (int i = FIRST_BLOCK; i < ofEndedThreads.length; i++) {
                    ofEndedThreads[i] += slot.words()[i];
                }
                for (int i = 0; i < slot.tallies().length; i++) {
                    keep(slot.tallies()[i], i);
                }
            }
            return ended;
        });
        long[] slot = new long[length()];
        slot[FILLS] = 1;
        slot[ORDINAL] = free();
        slots.add(
                new Slot(new WeakReference<>(Thread.currentThread()), slot, new Tally[streams.blocks() * Tally.KINDS]));
        mine.set(slot);
        return slot;
    }

    private void keep(Tally tally, int at) {
        if (tally != null) {
            int counters = FIRST_BLOCK + at / Tally.KINDS * BLOCK;
            int kind = at % Tally.KINDS;
            ofEndedThreads[counters + CACHED + kind / 2] += tally.transactions;
            ofEndedThreads[counters + (kind % 2 == 0 ? BYTES_READ : BYTES_WRITTEN)] += tally.bytes;
        }
    }

    private int free() {
        BitSet taken = new BitSet();
        slots.forEach(slot -> taken.set(ordinal(slot.words())));
        return taken.nextClearBit(0);
    }

    /**
     * Waits until every transaction that had entered has left. A transaction of the calling thread itself is not waited
     * for.
     */
    void drain() {
        drains.incrementAndGet();
        generation.forget();
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

    /** The sum of a counter over all streams and all threads that ever made a transaction. */
    long total(int counter) {
        long sum = 0;
        for (int block = 0; block < streams.blocks(); block++) {
            sum += total(counter, block);
        }
        return sum;
    }

    /** The sum of a counter of one block of {@link StreamIndex} over all threads. */
    synchronized long total(int counter, int block) {
        long sum = stored(counter, block);
        for (int level = 0; level <= Granule.LAST_LEVEL; level++) {
            if (counter == TRANSACTIONS || counter == CONFIG_HIT || counter == TLB_HIT + level) {
                sum += stored(CACHED + level, block);
            }
        }
        return sum;
    }

    private long stored(int counter, int block) {
        int index = FIRST_BLOCK + block * BLOCK + counter;
        long sum = ofEndedThreads[index];
        for (Slot slot : slots) {
            sum += (long) LONGS.getOpaque(slot.words(), index) + tallied(slot.tallies(), counter, block);
        }
        return sum;
    }

    private static long tallied(Tally[] tallies, int counter, int block) {
        long sum = 0;
        for (int level = 0; level <= Granule.LAST_LEVEL; level++) {
            for (boolean write : new boolean[] {false, true}) {
                Tally tally = tallies[block * Tally.KINDS + Tally.kind(level, write)];
                if (tally != null) {
                    sum += counter == CACHED + level ? tally.transactions : 0;
                    sum += counter == (write ? BYTES_WRITTEN : BYTES_READ) ? tally.bytes : 0;
                }
            }
        }
        return sum;
    }
}
