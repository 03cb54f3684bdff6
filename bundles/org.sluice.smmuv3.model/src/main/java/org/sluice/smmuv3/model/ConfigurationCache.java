package org.sluice.smmuv3.model;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;
import org.sluice.spi.board.Dma;

/**
 * Decoded configuration by StreamID and SubstreamID, direct-mapped. Errors are never in it. Any thread; a look-up neither
 * locks nor allocates; fills and invalidations are rare and take a lock.
 */
final class ConfigurationCache {
    private final AtomicReferenceArray<Entry> entries;
    private final Generation generation;
    private final Object writing = new Object();

    /**
     * One stream and substream.
     *
     * @param translated the same as the route if that translates by stage 1, else null
     * @param counters where the stream's counters are, see {@link TransactionSlots#counters}
     */
    record Entry(int streamId, int substreamId, Route route, Route.Translated translated, int counters) {
        private static Entry of(int streamId, int substreamId, Route route, int counters) {
            boolean translates = route instanceof Route.Translated translated && translated.context() != null;
            return new Entry(streamId, substreamId, route, translates ? (Route.Translated) route : null, counters);
        }
    }

    // null: conflicts are not looked for; guarded by writing
    private final StreamSpans spans;
    // an invalidation of anything removes everything
    private final boolean wide;
    private final LongAdder removed = new LongAdder();
    private final LongAdder removedBeyond = new LongAdder();

    /** A cache that takes the entry of the stream itself, whatever STE.CONT of another says. */
    ConfigurationCache(int size, boolean wide, Generation generation) {
        this(size, wide, false, generation);
    }

    /**
     * An empty cache.
     *
     * @param reportsConflicts whether a stream whose entry is not that of a span around it is F_CFG_CONFLICT
     */
    ConfigurationCache(int size, boolean wide, boolean reportsConflicts, Generation generation) {
        entries = new AtomicReferenceArray<>(size);
        this.wide = wide;
        this.generation = generation;
        spans = reportsConflicts ? new StreamSpans(size) : null;
    }

    /**
     * Whether an STE that was just fetched conflicts with another that is cached.
     *
     * @param keeps whether it is cached from now on, unless anything was invalidated since its fetch began
     */
    boolean conflict(int streamId, long[] ste, boolean keeps, long began) {
        if (spans == null) {
            return false;
        }
        synchronized (writing) {
            boolean conflict = spans.conflict(streamId, ste);
            if (keeps && generation.current() == began) {
                spans.add(streamId, ste);
                // whoever is served by it now has to be looked at again
                int span = StreamSpans.span(ste);
                for (int i = 0; i < entries.length(); i++) {
                    Entry entry = entries.get(i);
                    if (entry != null && (entry.streamId ^ streamId) >>> span == 0) {
                        entries.set(i, null);
                    }
                }
            }
            return conflict;
        }
    }

    private int index(int streamId, int substreamId) {
        int hash = (streamId * 0x9e3779b9 + substreamId) * 0x85ebca6b;
        return (hash ^ hash >>> 15) & entries.length() - 1;
    }

    /** What is cached, or null. */
    Entry find(int streamId, int substreamId) {
        if (entries.length() == 0) {
            return null;
        }
        Entry entry = entries.get(index(streamId, substreamId));
        boolean hit = entry != null && entry.streamId == streamId && entry.substreamId == substreamId;
        return hit ? entry : null;
    }

    /** The cached route, or null. */
    Route lookup(int streamId, int substreamId) {
        Entry entry = find(streamId, substreamId);
        return entry == null ? null : entry.route;
    }

    /**
     * Keeps a route, unless anything was invalidated since its fetch began.
     *
     * @param slot of the thread whose transaction has fetched it
     * @param began generation before the first read
     */
    void fill(int streamId, int substreamId, Route route, long[] slot, long began) {
        if (entries.length() == 0 || route instanceof Route.Refused || route instanceof Route.Unreachable) {
            return;
        }
        synchronized (writing) {
            // under the lock of the sweep: see Tlb
            if (generation.current() == began) {
                Entry entry = Entry.of(streamId, substreamId, route, TransactionSlots.counters(slot));
                if (entries.getAndSet(index(streamId, substreamId), entry) != null) {
                    // what is not here is in no micro TLB
                    generation.forget();
                }
            }
        }
    }

    /** CFGI_STE and CFGI_STE_RANGE: the entries and contexts of some aligned streams. */
    void invalidateStreams(int first, int log2count) {
        long block = Integer.toUnsignedLong(first) >>> log2count;
        if (spans != null) {
            synchronized (writing) {
                spans.remove(block, log2count);
            }
        }
        remove(entry -> Integer.toUnsignedLong(entry.streamId) >>> log2count == block);
    }

    /** CFGI_CD_ALL: the contexts of a stream. */
    void invalidateContexts(int streamId) {
        remove(entry -> entry.streamId == streamId);
    }

    /** CFGI_CD: one context; untagged traffic uses context 0. */
    void invalidateContext(int streamId, int substreamId) {
        remove(entry -> entry.streamId == streamId
                && (entry.substreamId == substreamId || entry.substreamId == Dma.NO_PASID && substreamId == 0));
    }

    private void remove(Predicate<Entry> doomed) {
        synchronized (writing) {
            if (wide && spans != null) {
                spans.clear();
            }
            for (int i = 0; i < entries.length(); i++) {
                Entry entry = entries.get(i);
                if (entry != null && (wide || doomed.test(entry))) {
                    entries.set(i, null);
                    removed.increment();
                    if (!doomed.test(entry)) {
                        removedBeyond.increment();
                    }
                }
            }
        }
    }

    /** Entries that invalidations have removed. */
    long removed() {
        return removed.sum();
    }

    /** Those among them that nobody had asked to remove. */
    long removedBeyond() {
        return removedBeyond.sum();
    }
}
