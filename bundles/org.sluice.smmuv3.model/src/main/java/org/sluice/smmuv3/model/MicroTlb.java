package org.sluice.smmuv3.model;

import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.Objects;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/**
 * What each thread remembers of transactions that hit all caches: the whole outcome, from StreamID, SubstreamID, page and
 * kind of access to the words of the page in memory, where no other thread writes. Only what is in the configuration cache
 * and in the TLB is in it, so that counters and replacement are as if it were not there. Any thread; takes no lock and
 * allocates only what a thread uses for the first time.
 *
 * <p>An entry carries {@link Generation#changes} of before anything was looked up for it. As long as that is the same, no
 * SYNC has begun since that could concern it, nothing was invalidated or replaced, and nobody listens to explanations
 * who did not then. A read makes sure of that when all its accesses are done, else what it read is wiped out and made again,
 * as in {@link CachedHits}; a write enters and then makes sure.
 */
final class MicroTlb {
    // of a thread, direct-mapped
    private static final int ENTRIES = 2048;

    private static final int PAGE_SHIFT = 12;
    private static final int LARGE_SHIFT = 21;
    private static final long IN_PAGE = (1 << PAGE_SHIFT) - 1;
    // all that decides about permissions, below the bits of a page; an atomic access is in no entry
    private static final int ACCESS = IommuModel.WRITE | Dma.PRIVILEGED | Dma.EXECUTE | Dma.ATOMIC;
    private static final int ALIGNED_BITS = 3;
    private static final int UNALIGNED = (1 << ALIGNED_BITS) - 1;
    private static final int RECENT = 16;
    private static final int STRANGERS = 1024;
    private static final int KEPT = 8;
    private static final Lane NOBODY = new Lane(null, new long[0], new Tally[0], 0);

    private final TransactionSlots transactions;
    private final Generation generation;
    private final DataAccess dataAccess;
    // By StreamID: the lane of a thread that made transactions of it. A hint: whoever takes it looks whose it is,
    // so that a stale one is as good.
    private final Lane[] recent = new Lane[RECENT];
    // by the ordinal of a thread's slot; written under this, each element by its own thread
    private volatile Lane[] lanes = new Lane[0];

    /** What belongs to one thread. */
    private static final class Lane {
        private final WeakReference<Thread> owner;
        private final long[] slot;
        private final Tally[] tallies;
        private final Entry[] entries;
        private int strangers;
        // of the last transaction that could be remembered
        private long stamp;
        private int kept;

        Lane(Thread owner, long[] slot, Tally[] tallies, int size) {
            this.owner = new WeakReference<>(owner);
            this.slot = slot;
            this.tallies = tallies;
            entries = new Entry[size];
            Arrays.fill(entries, Entry.NONE);
        }

        boolean isMine() {
            return owner.refersTo(Thread.currentThread());
        }
    }

    /** One page of one stream and substream for one kind of access. */
    private static final class Entry {
        /** Where a thread has none yet. */
        private static final Entry NONE = new Entry();

        private long page;
        private long stream;
        // 0 while nothing is in it
        private long stamp;
        private long[] window;
        // index of the page's first word in the window
        private int word;
        private Tally tally;

        // what is not aligned to words is no page
        private static long page(long iova, int access) {
            return iova & (~IN_PAGE | UNALIGNED) | (long) access << ALIGNED_BITS;
        }

        private static long stream(int streamId, int substreamId) {
            return (long) streamId << Integer.SIZE | Integer.toUnsignedLong(substreamId);
        }

        // one branch for all of it
        boolean has(long iova, int streamId, int substreamId, int access, long stampNow) {
            return (page ^ page(iova, access) | stream ^ stream(streamId, substreamId) | stamp ^ stampNow) == 0;
        }

        int word(long iova) {
            return word + ((int) (iova & IN_PAGE) >>> ALIGNED_BITS);
        }
    }

    MicroTlb(TransactionSlots transactions, Generation generation, DataAccess dataAccess) {
        this.transactions = transactions;
        this.generation = generation;
        this.dataAccess = dataAccess;
        Arrays.fill(recent, NOBODY);
    }

    // pages in a row have entries in a row
    private static int index(Lane lane, long iova, int streamId, int substreamId, int access) {
        int page = (int) (iova >>> PAGE_SHIFT) ^ (int) (iova >>> LARGE_SHIFT);
        int other = (streamId + substreamId * 31) * 73 + access;
        return page + other & lane.entries.length - 1;
    }

    private static Entry entry(Lane lane, long iova, int streamId, int substreamId, int access) {
        return lane.entries[index(lane, iova, streamId, substreamId, access)];
    }

    /**
     * Whether the transaction is remembered, and is done. If not, it has had no effect and is not counted. What is remembered
     * by a thread that shares the stream with another is for {@link #doneInTurn}.
     */
    boolean done(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        Lane lane = recent[streamId & recent.length - 1];
        return lane.isMine() && done(lane, streamId, substreamId, iova, flags, data, offset, length);
    }

    /** The same, for all that {@link #done} did not do. */
    boolean doneInTurn(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        if (recent[streamId & RECENT - 1].isMine()) {
            return false;
        }
        Lane lane = lane(streamId);
        return lane != null && done(lane, streamId, substreamId, iova, flags, data, offset, length);
    }

    private boolean done(
            Lane lane, int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        return Permissions.isWrite(flags)
                ? written(lane, streamId, substreamId, iova, flags, data, offset, length)
                : read(lane, streamId, substreamId, iova, flags, data, offset, length);
    }

    private boolean read(
            Lane lane, int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        long stamp = generation.changes();
        int access = flags & ACCESS;
        Entry entry = entry(lane, iova, streamId, substreamId, access);
        if (!entry.has(iova, streamId, substreamId, access, stamp)
                || !DataAccess.readWords(entry.window, entry.word(iova), data, offset, length)) {
            return false;
        }
        VarHandle.acquireFence();
        if (generation.changes() != stamp) {
            // the page may already be somebody else's
            Arrays.fill(data, offset, offset + length, (byte) 0);
            return false;
        }
        count(entry.tally, length);
        return true;
    }

    private boolean written(
            Lane lane, int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        long stamp = generation.changes();
        int access = flags & ACCESS;
        Entry entry = entry(lane, iova, streamId, substreamId, access);
        if (!entry.has(iova, streamId, substreamId, access, stamp)) {
            return false;
        }
        Objects.checkFromIndexSize(offset, length, data.length);
        TransactionSlots.enter(lane.slot);
        try {
            if (generation.changes() != stamp
                    || !DataAccess.writeWords(entry.window, entry.word(iova), data, offset, length)) {
                return false;
            }
        } finally {
            TransactionSlots.leave(lane.slot);
        }
        count(entry.tally, length);
        return true;
    }

    private static void count(Tally tally, int length) {
        tally.transactions++;
        tally.bytes += length;
    }

    // this thread's lane, or null if it never filled one
    private Lane lane(int streamId) {
        int ordinal = TransactionSlots.ordinal(transactions.slot());
        Lane[] all = lanes;
        Lane lane = ordinal < all.length ? all[ordinal] : NOBODY;
        if (!lane.isMine()) {
            return null;
        }
        // threads that share a stream do not overwrite each other's hint all the time
        if (recent[streamId & RECENT - 1] == NOBODY || lane.strangers++ % STRANGERS == 0) {
            recent[streamId & RECENT - 1] = lane;
        }
        return lane;
    }

    private synchronized Lane newLane(long[] slot) {
        int ordinal = TransactionSlots.ordinal(slot);
        Lane[] all = lanes;
        if (ordinal >= all.length) {
            all = Arrays.copyOf(all, 2 * ordinal + 1);
            Arrays.fill(all, lanes.length, all.length, NOBODY);
        }
        // whoever had the ordinal before has ended
        all[ordinal] = new Lane(Thread.currentThread(), slot, transactions.tallies(slot), ENTRIES);
        lanes = all;
        return all[ordinal];
    }

    /**
     * Takes note of a transaction that hit all caches and was permitted; most are remembered when they come again.
     *
     * @param slot of this thread
     * @param address where it went
     * @param counters where those of its stream begin
     * @param level of the leaf
     * @param stamp {@link Generation#changes} of before anything was looked up
     */
    void fill(
            long[] slot,
            int streamId,
            int substreamId,
            long iova,
            int flags,
            long address,
            int counters,
            int level,
            long stamp) {
        Lane lane = lane(streamId);
        if (lane == null) {
            lane = newLane(slot);
        }
        if (lane.stamp != stamp) {
            // things change: perhaps again before this comes back
            lane.stamp = stamp;
            return;
        }
        int access = flags & ACCESS;
        int index = index(lane, iova, streamId, substreamId, access);
        Entry entry = lane.entries[index];
        if (entry.stamp == stamp && lane.kept++ % KEPT != 0) {
            // of another page, which comes back as likely: where more are used than fit, some stay
            return;
        }
        long[] window = dataAccess.window(address & ~IN_PAGE);
        if (window == null) {
            return;
        }
        if (entry == Entry.NONE) {
            entry = new Entry();
            lane.entries[index] = entry;
        }
        entry.page = Entry.page(iova & ~IN_PAGE, access);
        entry.stream = Entry.stream(streamId, substreamId);
        entry.stamp = stamp;
        entry.word = dataAccess.word(address & ~IN_PAGE);
        int at = TransactionSlots.block(counters) * Tally.KINDS + Tally.kind(level, Permissions.isWrite(access));
        Tally tally = lane.tallies[at];
        if (tally == null) {
            tally = new Tally();
            lane.tallies[at] = tally;
        }
        // a store of a reference costs more than a look at it
        if (entry.window != window) {
            entry.window = window;
        }
        if (entry.tally != tally) {
            entry.tally = tally;
        }
    }
}
