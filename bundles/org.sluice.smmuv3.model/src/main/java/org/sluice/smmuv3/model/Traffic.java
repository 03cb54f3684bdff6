package org.sluice.smmuv3.model;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Explanation;

/**
 * Untranslated transactions: configuration, translation, data; or the fault, and what becomes of it. Any thread. What hits
 * the caches takes no lock and does not allocate, and is cut into methods that are small enough to be inlined.
 */
final class Traffic {
    private static final int PAGE_BYTES = 4096;
    /** Reason of F_UUT, which has no other here. */
    static final int FAR_ATOMIC = 1;

    /** For whoever wants it explained. */
    static final String NO_ATOMICS = "far atomics are not supported";

    // no complement of a STAG
    private static final int STALLED_WITHOUT_TAG = Integer.MIN_VALUE;

    private final Supplier<Settings> settings;
    private final TransactionSlots transactions;
    private final Generation generation;
    private final TranslationPath.Parts parts;
    private final TranslationPath path;
    private final MicroTlb micro;
    private final CachedHits cached;
    private final DataAccess dataAccess;
    private final EventQueue events;
    private final Stalls stalls;
    private volatile boolean off;
    // null while nobody listens
    private volatile Consumer<? super Explanation> listener;

    Traffic(
            Supplier<Settings> settings,
            TransactionSlots transactions,
            Generation generation,
            TranslationPath.Parts parts,
            TranslationPath path,
            DataAccess dataAccess,
            EventQueue events,
            Stalls stalls) {
        this.settings = settings;
        this.transactions = transactions;
        this.generation = generation;
        this.parts = parts;
        this.path = path;
        this.dataAccess = dataAccess;
        this.events = events;
        this.stalls = stalls;
        micro = new MicroTlb(transactions, generation, dataAccess);
        cached = new CachedHits(settings, transactions, parts, dataAccess, micro);
    }

    void listen(Consumer<? super Explanation> newListener) {
        listener = newListener;
        generation.forget();
    }

    /** Aborts whatever waits and whatever comes. */
    void close() {
        off = true;
        generation.forget();
        stalls.close();
    }

    /** {@link org.sluice.spi.board.IommuModel#transact}. */
    int transact(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        if (length < 1 || (iova & PAGE_BYTES - 1) + length > PAGE_BYTES) {
            throw tooLong(iova, length);
        }
        return micro.done(streamId, substreamId, iova, flags, data, offset, length)
                ? Dma.OK
                : lookedUp(streamId, substreamId, iova, flags, data, offset, length);
    }

    private int lookedUp(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        if ((flags & Dma.ATOMIC) != 0) {
            return unsupported(streamId, substreamId, iova, flags);
        }
        if (micro.doneInTurn(streamId, substreamId, iova, flags, data, offset, length)) {
            return Dma.OK;
        }
        int outcome = attempt(streamId, substreamId, iova, flags, data, offset, length);
        return outcome >= 0 ? outcome : stalled(outcome, streamId, substreamId, iova, flags, data, offset, length);
    }

    private static IommuException tooLong(long iova, int length) {
        return new IommuException(
                Errno.EINVAL,
                String.format("transaction at 0x%x is %d bytes, it must stay within 4096-byte pages", iova, length));
    }

    // nothing is looked up for it, and it is recorded also while SMMUEN is 0: IHI 0070 sections 7.3.2 and 16.7.1
    private int unsupported(int streamId, int substreamId, long iova, int flags) {
        if (off) {
            return Dma.ABORT;
        }
        long[] slot = transactions.enter(streamId);
        try {
            TransactionSlots.count(slot, TransactionSlots.TRANSACTIONS);
            TransactionSlots.count(slot, TransactionSlots.FAULT);
        } finally {
            TransactionSlots.leave(slot);
        }
        EventRecord event = EventRecord.unsupported(streamId, substreamId, iova, flags, FAR_ATOMIC);
        Consumer<? super Explanation> listening = listener;
        if (listening == null) {
            record(null, event);
        } else {
            Trace trace = new Trace();
            trace.rule("transaction", NO_ATOMICS);
            trace.faulted(EventId.F_UUT);
            record(trace, event);
            listening.accept(trace.explanation(streamId, substreamId, iova, flags));
        }
        return Dma.ABORT;
    }

    private int stalled(
            int first, int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        int outcome = first;
        while (outcome < 0) {
            // no longer under way: an invalidation need not wait for it, and a retry is a transaction of its own
            if (outcome == STALLED_WITHOUT_TAG) {
                stalls.awaitTag();
            } else {
                Stalls.Answer answer = stalls.await(~outcome);
                if (answer != Stalls.Answer.RETRY) {
                    return answer == Stalls.Answer.ABORT ? Dma.ABORT : hide(flags, data, offset, length);
                }
            }
            outcome = attempt(streamId, substreamId, iova, flags, data, offset, length);
        }
        return outcome;
    }

    // an outcome of Dma, or the complement of a STAG
    private int attempt(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        // before it is known that nobody listens: who begins to, changes it afterwards
        long stamp = generation.changes();
        if (listener != null) {
            return explained(streamId, substreamId, iova, flags, data, offset, length);
        }
        if (!off && cached.done(streamId, substreamId, iova, flags, data, offset, length, stamp)) {
            return Dma.OK;
        }
        return entered(streamId, substreamId, iova, flags, data, offset, length);
    }

    private int entered(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        long[] slot = transactions.enter(streamId);
        try {
            return access(path, slot, streamId, substreamId, iova, flags, data, offset, length);
        } finally {
            TransactionSlots.leave(slot);
        }
    }

    private int explained(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        Trace trace = new Trace();
        TranslationPath traced = new TranslationPath(parts, trace);
        int outcome;
        long[] slot = transactions.enter(streamId);
        try {
            outcome = access(traced, slot, streamId, substreamId, iova, flags, data, offset, length);
        } finally {
            TransactionSlots.leave(slot);
        }
        Consumer<? super Explanation> listening = listener;
        if (listening != null) {
            listening.accept(trace.explanation(streamId, substreamId, iova, flags));
        }
        return outcome;
    }

    private int access(
            TranslationPath way,
            long[] slot,
            int streamId,
            int substreamId,
            long iova,
            int flags,
            byte[] data,
            int offset,
            int length) {
        TransactionSlots.count(slot, TransactionSlots.TRANSACTIONS);
        long began = generation.current();
        Settings now = settings.get();
        if (way.trace() != null) {
            now.explain(way.trace());
        }
        if (off || !now.enabled()) {
            return disabled(way.trace(), now, slot, iova, flags, data, offset, length);
        }
        Route route = way.route(now, streamId, substreamId, slot, began);
        return route instanceof Route.Translated translated
                ? translated(way, translated, slot, began, streamId, substreamId, iova, flags, data, offset, length)
                : untranslated(way.trace(), now, route, slot, streamId, substreamId, iova, flags, data, offset, length);
    }

    private int translated(
            TranslationPath way,
            Route.Translated route,
            long[] slot,
            long began,
            int streamId,
            int substreamId,
            long iova,
            int flags,
            byte[] data,
            int offset,
            int length) {
        int access = route.overrides().flags(flags);
        long leaf = way.translator().translate(route, iova, access, slot, began);
        if (Leaf.isFault(leaf)) {
            FaultPolicy policy = FaultPolicy.of(leaf, route.context(), route.stage2());
            return terminate(
                    way.trace(), policy, leaf, slot, streamId, substreamId, iova, access, data, offset, length);
        }
        if (way.trace() != null) {
            way.trace().translated(leaf, iova, route.attributes(slot), access);
        }
        return dataAccess.move(slot, Leaf.output(leaf, iova), flags, data, offset, length);
    }

    private int disabled(
            Trace trace, Settings now, long[] slot, long iova, int flags, byte[] data, int offset, int length) {
        if (off || now.abortAll() || dataAccess.beyondOutput(iova)) {
            return Dma.ABORT;
        }
        if (trace != null) {
            trace.bypassed(iova, now.overrides(), flags);
        }
        return dataAccess.move(slot, iova, flags, data, offset, length);
    }

    private int untranslated(
            Trace trace,
            Settings now,
            Route route,
            long[] slot,
            int streamId,
            int substreamId,
            long iova,
            int flags,
            byte[] data,
            int offset,
            int length) {
        if (route instanceof Route.Bypassed bypassed) {
            int access = bypassed.overrides().flags(flags);
            if (dataAccess.beyondOutput(iova)) {
                FaultPolicy policy = FaultPolicy.RECORD_AND_ABORT;
                long fault = Leaf.fault(EventId.F_ADDR_SIZE, 0);
                return terminate(trace, policy, fault, slot, streamId, substreamId, iova, access, data, offset, length);
            }
            if (trace != null) {
                trace.bypassed(iova, bypassed.overrides(), flags);
            }
            return dataAccess.move(slot, iova, flags, data, offset, length);
        }
        if (route instanceof Route.Refused refused) {
            TransactionSlots.count(slot, TransactionSlots.FAULT);
            if (trace != null) {
                trace.faulted(refused.event());
            }
            if (refused.event() != EventId.C_BAD_STREAMID || now.recordInvalidSid()) {
                long address = refused.fetchAddress();
                record(trace, EventRecord.configuration(refused.event(), streamId, substreamId, address));
            }
            return Dma.ABORT;
        }
        if (route instanceof Route.Unreachable unreachable) {
            long fault = unreachable.fault();
            FaultPolicy policy = FaultPolicy.of(fault, null, unreachable.stage2());
            return terminate(trace, policy, fault, slot, streamId, substreamId, iova, flags, data, offset, length);
        }
        if (trace != null) {
            trace.rule("STE", "Config aborts, without an event");
        }
        return Dma.ABORT;
    }

    private void record(Trace trace, EventRecord event) {
        if (trace != null) {
            trace.event(event);
        }
        events.record(event);
    }

    private int terminate(
            Trace trace,
            FaultPolicy policy,
            long fault,
            long[] slot,
            int streamId,
            int substreamId,
            long iova,
            int flags,
            byte[] data,
            int offset,
            int length) {
        TransactionSlots.count(slot, TransactionSlots.FAULT);
        if (trace != null) {
            trace.fault(fault);
            trace.rule("fault", policy.describe());
            trace.faulted(Leaf.event(fault));
        }
        EventRecord event =
                policy.records() ? EventRecord.translation(fault, streamId, substreamId, iova, flags) : null;
        if (policy == FaultPolicy.STALL) {
            int tag = stalls.begin(streamId);
            if (tag == Stalls.NO_TAG) {
                return STALLED_WITHOUT_TAG;
            }
            record(trace, event.stalled(tag));
            return ~tag;
        }
        if (event != null) {
            record(trace, event);
        }
        return policy.aborts() ? Dma.ABORT : hide(flags, data, offset, length);
    }

    private static int hide(int flags, byte[] data, int offset, int length) {
        if (!Permissions.isWrite(flags)) {
            Arrays.fill(data, offset, offset + length, (byte) 0);
        }
        return Dma.RAZ_WI;
    }
}
