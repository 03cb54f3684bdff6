package org.sluice.smmuv3.model;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.sluice.api.Counters;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.board.StreamStatistics;
import org.sluice.spi.board.Translation;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * One SMMUv3. Any number of threads may make transactions and write registers. A transaction takes no lock and does not
 * allocate unless it misses the configuration cache or faults.
 */
final class Smmuv3Model implements ExplainingModel, StreamStatistics, Counters {
    private static final int PAGE_BYTES = 4096;
    // no complement of a STAG
    private static final int STALLED_WITHOUT_TAG = Integer.MIN_VALUE;

    private final DataAccess dataAccess;
    private final AtsTraffic ats;
    private final boolean hasAts;
    private final AtsPorts ports;
    private final CommandSet commands;
    private final Generation generation = new Generation();
    private final TransactionSlots transactions;
    private final Stalls stalls;
    private final TranslationPath.Parts parts;
    private final TranslationPath path;
    private final Inquiry inquiry;
    private final EventQueue events;
    private final Smmuv3Registers registers;
    private final ModelCounters counters;
    private volatile Settings settings;
    private volatile boolean off;
    // null while nobody listens
    private volatile Consumer<? super Explanation> listener;

    /** The only interface, or the one that is not Secure. */
    Smmuv3Model(ModelRequest request, ModelOptions options) {
        this(request, options, options.identity(), request.interrupt(), null);
    }

    /** The Secure interface beside another, whose streams its commands reach too. Its lines begin with {@code s-}. */
    static Smmuv3Model secure(ModelRequest request, ModelOptions options, Smmuv3Model nonSecure) {
        Consumer<String> lines = line -> request.interrupt().accept("s-" + line);
        return new Smmuv3Model(request, options, options.identity().secure(), lines, nonSecure);
    }

    private Smmuv3Model(
            ModelRequest request, ModelOptions options, Identity id, Consumer<String> lines, Smmuv3Model nonSecure) {
        PhysicalMemory memory = request.memory();
        dataAccess = new DataAccess(request.dmaMemory(), id.outputBits());
        RegisterBank bank = new RegisterBank(new RegisterFeatures(id));
        Interrupts interrupts = new Interrupts(bank, memory, lines);
        StreamIndex streams = new StreamIndex(options.countedStreams());
        transactions = new TransactionSlots(streams);
        Tlb tlb = new Tlb(options.tlb(), generation);
        ConfigurationCache configurations =
                new ConfigurationCache(options.configurationEntries(), options.wideConfiguration(), generation);
        parts = new TranslationPath.Parts(memory, id, tlb, configurations);
        path = new TranslationPath(parts, null);
        inquiry = new Inquiry(parts, path, generation);
        EventMerging merging = options.mergesEvents() ? new EventMerging(this::mayMerge) : null;
        events = new EventQueue(bank, memory, interrupts, id, merging);
        stalls = new Stalls(id.stallMax());
        // device TLBs are of the world that is not Secure
        ports = nonSecure == null ? new AtsPorts() : nonSecure.ports;
        AtsCommands atsCommands = new AtsCommands(nonSecure == null ? id : options.identity(), ports, () -> settings);
        commands = new CommandSet(id, configurations, tlb, generation, transactions, stalls, atsCommands, interrupts);
        Commands reached =
                nonSecure == null ? commands : new SecureCommands(commands, nonSecure.commands, nonSecure.transactions);
        CommandQueue queue = new CommandQueue(bank, memory, interrupts, reached, id);
        AddressTranslationRegisters gatos =
                new AddressTranslationRegisters(bank, () -> settings, path, generation, id.outputBits());
        registers =
                new Smmuv3Registers(bank, queue, events, transactions, gatos, () -> settings = Settings.of(bank, id));
        PageRequestQueue pages =
                new PageRequestQueue(bank, memory, interrupts, id, ports, () -> settings, path, events, generation);
        ats = new AtsTraffic(
                transactions,
                generation,
                new TranslationRequests(() -> settings, path, events, id.outputBits()),
                new TranslatedTransactions(() -> settings, path, events, dataAccess),
                pages,
                events,
                ports);
        hasAts = id.ats();
        counters =
                new ModelCounters(request.name(), transactions, streams, commands, events, tlb, configurations, pages);
        settings = Settings.of(bank, id);
    }

    /** Whether it translates. */
    boolean isEnabled() {
        return settings.enabled();
    }

    /** Forgets all configuration and translations. */
    void invalidateAll() {
        commands.invalidateAll();
    }

    private boolean mayMerge(int streamId) {
        Route stream = path.stream(settings, streamId, TransactionSlots.inquiry(), generation.current());
        return stream instanceof StreamPolicy policy && policy.merges();
    }

    @Override
    public RegisterFile registers() {
        return registers;
    }

    @Override
    public Optional<AtsModel> ats() {
        return hasAts ? Optional.of(ats) : Optional.empty();
    }

    @Override
    public String subject() {
        return counters.subject();
    }

    @Override
    public Map<String, Long> read() {
        return counters.read();
    }

    @Override
    public List<Integer> streams() {
        return counters.streams();
    }

    @Override
    public Map<String, Long> read(int streamId) {
        return counters.read(streamId);
    }

    @Override
    public void close() {
        off = true;
        ats.close();
        stalls.close();
    }

    @Override
    public int transact(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        if (length < 1 || (iova & PAGE_BYTES - 1) + length > PAGE_BYTES) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "transaction at 0x%x is %d bytes, it must stay within 4096-byte pages", iova, length));
        }
        int outcome = attempt(streamId, substreamId, iova, flags, data, offset, length);
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
        Consumer<? super Explanation> listening = listener;
        if (listening != null) {
            return explained(listening, streamId, substreamId, iova, flags, data, offset, length);
        }
        long[] slot = transactions.enter(streamId);
        try {
            TransactionSlots.count(slot, TransactionSlots.TRANSACTIONS);
            return off ? Dma.ABORT : access(path, slot, streamId, substreamId, iova, flags, data, offset, length);
        } finally {
            transactions.leave(slot);
        }
    }

    private int explained(
            Consumer<? super Explanation> listening,
            int streamId,
            int substreamId,
            long iova,
            int flags,
            byte[] data,
            int offset,
            int length) {
        Trace trace = new Trace();
        TranslationPath traced = new TranslationPath(parts, trace);
        int outcome;
        long[] slot = transactions.enter(streamId);
        try {
            TransactionSlots.count(slot, TransactionSlots.TRANSACTIONS);
            outcome = off ? Dma.ABORT : access(traced, slot, streamId, substreamId, iova, flags, data, offset, length);
        } finally {
            transactions.leave(slot);
        }
        listening.accept(trace.explanation(streamId, substreamId, iova, flags));
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
        long began = generation.current();
        Settings now = settings;
        Trace trace = way.trace();
        if (trace != null) {
            now.explain(trace);
        }
        if (!now.enabled()) {
            if (now.abortAll() || dataAccess.beyondOutput(iova)) {
                return Dma.ABORT;
            }
            if (trace != null) {
                trace.bypassed(iova, now.overrides(), flags);
            }
            return dataAccess.move(slot, iova, flags, data, offset, length);
        }
        Route route = way.route(now, streamId, substreamId, slot, began);
        if (route instanceof Route.Translated translated) {
            int access = translated.overrides().flags(flags);
            long leaf = way.translator().translate(translated, iova, access, slot, began);
            if (Leaf.isFault(leaf)) {
                FaultPolicy policy = FaultPolicy.of(leaf, translated.context(), translated.stage2());
                return terminate(trace, policy, leaf, slot, streamId, substreamId, iova, access, data, offset, length);
            }
            if (trace != null) {
                trace.translated(leaf, iova, translated.attributes(slot), access);
            }
            return dataAccess.move(slot, Leaf.output(leaf, iova), flags, data, offset, length);
        }
        if (route instanceof Route.Refused refused) {
            TransactionSlots.count(slot, TransactionSlots.FAULT);
            if (trace != null) {
                trace.faulted(refused.event());
            }
            if (refused.event() != EventId.C_BAD_STREAMID || now.recordInvalidSid()) {
                record(
                        trace,
                        EventRecord.configuration(refused.event(), streamId, substreamId, refused.fetchAddress()));
            }
            return Dma.ABORT;
        }
        if (route instanceof Route.Unreachable unreachable) {
            long fault = unreachable.fault();
            FaultPolicy policy = FaultPolicy.of(fault, null, unreachable.stage2());
            return terminate(trace, policy, fault, slot, streamId, substreamId, iova, flags, data, offset, length);
        }
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
        if (policy == FaultPolicy.STALL) {
            int tag = stalls.begin(streamId);
            if (tag == Stalls.NO_TAG) {
                return STALLED_WITHOUT_TAG;
            }
            record(
                    trace,
                    EventRecord.translation(fault, streamId, substreamId, iova, flags)
                            .stalled(tag));
            return ~tag;
        }
        if (policy.records()) {
            record(trace, EventRecord.translation(fault, streamId, substreamId, iova, flags));
        }
        return policy.aborts() ? Dma.ABORT : hide(flags, data, offset, length);
    }

    private static int hide(int flags, byte[] data, int offset, int length) {
        if (!Permissions.isWrite(flags)) {
            Arrays.fill(data, offset, offset + length, (byte) 0);
        }
        return Dma.RAZ_WI;
    }

    @Override
    public Translation translate(int streamId, int substreamId, long iova, int flags) {
        return off
                ? new Translation(Translation.Outcome.ABORTED, 0, 0, "")
                : inquiry.ask(settings, streamId, substreamId, iova, flags).translation();
    }

    @Override
    public Explanation explain(int streamId, int substreamId, long iova, int flags) {
        return off
                ? new Trace().explanation(streamId, substreamId, iova, flags)
                : inquiry.explain(settings, streamId, substreamId, iova, flags);
    }

    @Override
    public void listen(Consumer<? super Explanation> newListener) {
        listener = newListener;
    }
}
