package org.sluice.smmuv3.model;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.sluice.api.Counters;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.board.Translation;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * One SMMUv3. Any number of threads may make transactions and write registers. A transaction takes no lock and does not
 * allocate unless it misses the configuration cache or faults.
 */
final class Smmuv3Model implements IommuModel, Counters {
    private static final int PAGE_BYTES = 4096;
    // no complement of a STAG
    private static final int STALLED_WITHOUT_TAG = Integer.MIN_VALUE;

    private final Generation generation = new Generation();
    private final TransactionSlots transactions = new TransactionSlots();
    private final Stalls stalls;
    private final Routes routes;
    private final DataAccess dataAccess;
    private final AtsTraffic ats;
    private final boolean hasAts;
    private final Translator translator;
    private final EventQueue events;
    private final Smmuv3Registers registers;
    private final ModelCounters counters;
    private volatile Settings settings;
    private volatile boolean off;

    Smmuv3Model(ModelRequest request) {
        ModelOptions options = ModelOptions.parse(request.properties());
        Identity id = options.identity();
        PhysicalMemory memory = request.memory();
        dataAccess = new DataAccess(request.dmaMemory(), id.outputBits());
        RegisterBank bank = new RegisterBank(new RegisterFeatures(id));
        Interrupts interrupts = new Interrupts(bank, memory, request.interrupt());
        Tlb tlb = new Tlb(options.tlbEntries(), generation);
        ConfigurationCache configurations = new ConfigurationCache(options.configurationEntries(), generation);
        Stage2Translator stage2 = new Stage2Translator(tlb, memory);
        routes = new Routes(configurations, new Configuration(memory, id, stage2));
        translator = new Translator(tlb, memory, stage2, id);
        events = new EventQueue(bank, memory, interrupts, id);
        stalls = new Stalls(id.stallMax());
        AtsPorts ports = new AtsPorts();
        AtsCommands atsCommands = new AtsCommands(id, ports, () -> settings);
        CommandSet commands =
                new CommandSet(id, configurations, tlb, generation, transactions, stalls, atsCommands, interrupts);
        CommandQueue queue = new CommandQueue(bank, memory, interrupts, commands, id);
        registers = new Smmuv3Registers(bank, queue, events, transactions, () -> settings = Settings.of(bank, id));
        PageRequestQueue pages =
                new PageRequestQueue(bank, memory, interrupts, id, ports, () -> settings, routes, events, generation);
        ats = new AtsTraffic(
                transactions,
                generation,
                new TranslationRequests(() -> settings, routes, translator, events, id.outputBits()),
                new TranslatedTransactions(() -> settings, routes, stage2, events, dataAccess),
                pages,
                events,
                ports);
        hasAts = id.ats();
        counters = new ModelCounters(request.name(), transactions, commands, events, pages);
        settings = Settings.of(bank, id);
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
        long[] slot = transactions.enter();
        try {
            TransactionSlots.count(slot, TransactionSlots.TRANSACTIONS);
            return off ? Dma.ABORT : access(slot, streamId, substreamId, iova, flags, data, offset, length);
        } finally {
            transactions.leave(slot);
        }
    }

    private int access(
            long[] slot, int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        long began = generation.current();
        Settings now = settings;
        if (!now.enabled()) {
            boolean abort = now.abortAll() || dataAccess.beyondOutput(iova);
            return abort ? Dma.ABORT : dataAccess.move(slot, iova, flags, data, offset, length);
        }
        Route route = routes.find(now, streamId, substreamId, slot, began);
        if (route instanceof Route.Translated translated) {
            long leaf = translator.translate(translated, iova, flags, slot, began);
            if (Leaf.isFault(leaf)) {
                FaultPolicy policy = FaultPolicy.of(leaf, translated.context(), translated.stage2());
                return terminate(policy, leaf, streamId, substreamId, iova, flags, data, offset, length);
            }
            return dataAccess.move(slot, Leaf.output(leaf, iova), flags, data, offset, length);
        }
        if (route instanceof Route.Refused refused) {
            if (refused.event() != EventId.C_BAD_STREAMID || now.recordInvalidSid()) {
                events.record(
                        EventRecord.configuration(refused.event(), streamId, substreamId, refused.fetchAddress()));
            }
            return Dma.ABORT;
        }
        if (route instanceof Route.Unreachable unreachable) {
            long fault = unreachable.fault();
            FaultPolicy policy = FaultPolicy.of(fault, null, unreachable.stage2());
            return terminate(policy, fault, streamId, substreamId, iova, flags, data, offset, length);
        }
        if (route instanceof Route.Aborted) {
            return Dma.ABORT;
        }
        if (dataAccess.beyondOutput(iova)) {
            long fault = Leaf.fault(EventId.F_ADDR_SIZE, 0);
            events.record(EventRecord.translation(fault, streamId, substreamId, iova, flags));
            return Dma.ABORT;
        }
        return dataAccess.move(slot, iova, flags, data, offset, length);
    }

    private int terminate(
            FaultPolicy policy,
            long fault,
            int streamId,
            int substreamId,
            long iova,
            int flags,
            byte[] data,
            int offset,
            int length) {
        if (policy == FaultPolicy.STALL) {
            int tag = stalls.begin(streamId);
            if (tag == Stalls.NO_TAG) {
                return STALLED_WITHOUT_TAG;
            }
            events.record(EventRecord.translation(fault, streamId, substreamId, iova, flags)
                    .stalled(tag));
            return ~tag;
        }
        if (policy.records()) {
            events.record(EventRecord.translation(fault, streamId, substreamId, iova, flags));
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
        Settings now = settings;
        if (off || !now.enabled() && now.abortAll()) {
            return new Translation(Translation.Outcome.ABORTED, 0, 0, "");
        }
        if (!now.enabled()) {
            return dataAccess.beyondOutput(iova)
                    ? new Translation(Translation.Outcome.ABORTED, 0, 0, "")
                    : new Translation(Translation.Outcome.BYPASSED, iova, 0, "");
        }
        long began = generation.current();
        Route route = routes.find(now, streamId, substreamId, null, began);
        if (route instanceof Route.Translated translated) {
            long leaf = translator.translate(translated, iova, flags, null, began);
            return Leaf.isFault(leaf)
                    ? faulted(Leaf.event(leaf))
                    : new Translation(
                            Translation.Outcome.TRANSLATED, Leaf.output(leaf, iova), 1L << Leaf.log2size(leaf), "");
        }
        if (route instanceof Route.Refused refused) {
            return faulted(refused.event());
        }
        if (route instanceof Route.Unreachable unreachable) {
            return faulted(Leaf.event(unreachable.fault()));
        }
        if (route instanceof Route.Aborted) {
            return new Translation(Translation.Outcome.ABORTED, 0, 0, "");
        }
        return dataAccess.beyondOutput(iova)
                ? faulted(EventId.F_ADDR_SIZE)
                : new Translation(Translation.Outcome.BYPASSED, iova, 0, "");
    }

    private static Translation faulted(int event) {
        return new Translation(Translation.Outcome.FAULTED, 0, 0, EventId.name(event));
    }
}
