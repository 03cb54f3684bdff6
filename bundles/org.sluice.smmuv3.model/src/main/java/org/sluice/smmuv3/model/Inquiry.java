package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.MemoryAttributes;
import org.sluice.spi.board.Translation;

/**
 * What a transaction would meet: the same path, but no data, no event, no fill and no count. Any thread.
 */
final class Inquiry {
    private static final String OFF = "CR0.SMMUEN is 0: GBPA decides";

    private final TranslationPath.Parts parts;
    private final TranslationPath path;
    private final Generation generation;

    Inquiry(TranslationPath.Parts parts, TranslationPath path, Generation generation) {
        this.parts = parts;
        this.path = path;
        this.generation = generation;
    }

    /**
     * What came out.
     *
     * @param translation for whoever asked
     * @param fault as of {@link Leaf}; 0 unless a translation faulted
     * @param attributes as of {@link Attributes}
     * @param flags of the access, overridden
     * @param event that would be recorded; null for none
     */
    record Answer(Translation translation, long fault, int attributes, int flags, EventRecord event) {
        static Answer of(Translation.Outcome outcome, long address, int attributes, int flags) {
            return new Answer(new Translation(outcome, address, 0, ""), 0, attributes, flags, null);
        }

        static Answer aborted() {
            return of(Translation.Outcome.ABORTED, 0, 0, 0);
        }

        MemoryAttributes memoryAttributes() {
            boolean goesOn = translation.outcome() == Translation.Outcome.TRANSLATED
                    || translation.outcome() == Translation.Outcome.BYPASSED;
            return goesOn ? Attributes.decode(attributes, flags) : null;
        }
    }

    /** What a transaction would meet. */
    Answer ask(Settings now, int streamId, int substreamId, long iova, int flags) {
        return ask(path, now, streamId, substreamId, iova, flags);
    }

    /** The same with all its steps. */
    Explanation explain(Settings now, int streamId, int substreamId, long iova, int flags) {
        Trace trace = new Trace();
        Answer answer = ask(new TranslationPath(parts, trace), now, streamId, substreamId, iova, flags);
        if (answer.event() != null) {
            trace.event(answer.event());
        }
        return trace.explanation(streamId, substreamId, iova, flags, answer);
    }

    private Answer ask(TranslationPath way, Settings now, int streamId, int substreamId, long iova, int flags) {
        Trace trace = way.trace();
        if ((flags & Dma.ATOMIC) != 0) {
            Translation refused = new Translation(Translation.Outcome.FAULTED, 0, 0, EventId.name(EventId.F_UUT));
            EventRecord event = EventRecord.unsupported(streamId, substreamId, iova, flags, Traffic.FAR_ATOMIC);
            if (trace != null) {
                trace.rule("transaction", Traffic.NO_ATOMICS);
            }
            return new Answer(refused, Leaf.fault(EventId.F_UUT, 0), 0, flags, event);
        }
        if (trace != null) {
            now.explain(trace);
        }
        if (!now.enabled()) {
            if (trace != null) {
                trace.rule("CR0", OFF);
            }
            return now.abortAll() || beyondOutput(iova)
                    ? Answer.aborted()
                    : Answer.of(
                            Translation.Outcome.BYPASSED,
                            iova,
                            now.overrides().attributes(),
                            now.overrides().flags(flags));
        }
        long began = generation.current();
        long[] slot = TransactionSlots.inquiry();
        Route route = way.route(now, streamId, substreamId, slot, began);
        if (route instanceof Route.Translated translated) {
            int access = translated.overrides().flags(flags);
            long leaf = way.translator().translate(translated, iova, access, slot, began);
            if (Leaf.isFault(leaf)) {
                FaultPolicy policy = FaultPolicy.of(leaf, translated.context(), translated.stage2());
                return faulted(way, policy, leaf, streamId, substreamId, iova, access);
            }
            Translation translation = new Translation(
                    Translation.Outcome.TRANSLATED, Leaf.output(leaf, iova), 1L << Leaf.log2size(leaf), "");
            return new Answer(translation, 0, translated.attributes(slot), access, null);
        }
        if (route instanceof Route.Refused refused) {
            boolean silent = refused.event() == EventId.C_BAD_STREAMID && !now.recordInvalidSid();
            EventRecord event = silent
                    ? null
                    : EventRecord.configuration(refused.event(), streamId, substreamId, refused.fetchAddress());
            Translation translation = new Translation(Translation.Outcome.FAULTED, 0, 0, EventId.name(refused.event()));
            return new Answer(translation, Leaf.fault(refused.event(), refused.fetchAddress()), 0, flags, event);
        }
        if (route instanceof Route.Unreachable unreachable) {
            long fault = unreachable.fault();
            FaultPolicy policy = FaultPolicy.of(fault, null, unreachable.stage2());
            return faulted(way, policy, fault, streamId, substreamId, iova, flags);
        }
        if (route instanceof Route.Bypassed bypassed) {
            return bypassed(way, bypassed, streamId, substreamId, iova, flags);
        }
        if (trace != null) {
            trace.rule("STE", "Config aborts, without an event");
        }
        return Answer.aborted();
    }

    private Answer bypassed(
            TranslationPath way, Route.Bypassed route, int streamId, int substreamId, long iova, int flags) {
        int access = route.overrides().flags(flags);
        if (beyondOutput(iova)) {
            long fault = Leaf.fault(EventId.F_ADDR_SIZE, 0);
            return faulted(way, FaultPolicy.RECORD_AND_ABORT, fault, streamId, substreamId, iova, access);
        }
        if (way.trace() != null) {
            way.trace().rule("bypass", "the output address is the input address");
        }
        return Answer.of(Translation.Outcome.BYPASSED, iova, route.overrides().attributes(), access);
    }

    private Answer faulted(
            TranslationPath way, FaultPolicy policy, long fault, int streamId, int substreamId, long iova, int flags) {
        if (way.trace() != null) {
            way.trace().fault(fault);
            way.trace().rule("fault", policy.describe());
        }
        EventRecord event =
                policy.records() ? EventRecord.translation(fault, streamId, substreamId, iova, flags) : null;
        Translation translation = new Translation(Translation.Outcome.FAULTED, 0, 0, EventId.name(Leaf.event(fault)));
        return new Answer(translation, fault, 0, flags, event);
    }

    private boolean beyondOutput(long address) {
        return address >>> parts.id().outputBits() != 0;
    }
}
