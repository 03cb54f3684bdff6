package org.sluice.smmuv3.model;

import java.util.Arrays;
import java.util.Map;
import org.sluice.api.Counters;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.board.Translation;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * One SMMUv3. Any number of threads may make transactions and write registers. A transaction takes no lock and does not
 * allocate unless it misses the configuration cache or faults.
 */
final class Smmuv3Model implements IommuModel, Counters {
    private static final int PAGE_BYTES = 4096;
    // no complement of a STAG
    private static final int STALLED_WITHOUT_TAG = Integer.MIN_VALUE;

    private final PhysicalMemory dmaMemory;
    private final long outputLimitBits;
    private final Generation generation = new Generation();
    private final TransactionSlots transactions = new TransactionSlots();
    private final Stalls stalls;
    private final ConfigurationCache configurations;
    private final Configuration configuration;
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
        dmaMemory = request.dmaMemory();
        outputLimitBits = id.outputBits();
        RegisterBank bank = new RegisterBank(new RegisterFeatures(id));
        Interrupts interrupts = new Interrupts(bank, memory, request.interrupt());
        Tlb tlb = new Tlb(options.tlbEntries(), generation);
        configurations = new ConfigurationCache(options.configurationEntries(), generation);
        Stage2Translator stage2 = new Stage2Translator(tlb, memory);
        configuration = new Configuration(memory, id, stage2);
        translator = new Translator(tlb, memory, stage2, id);
        events = new EventQueue(bank, memory, interrupts, id);
        stalls = new Stalls(id.stallMax());
        CommandSet commands = new CommandSet(id, configurations, tlb, generation, transactions, stalls, interrupts);
        CommandQueue queue = new CommandQueue(bank, memory, interrupts, commands, id);
        registers = new Smmuv3Registers(bank, queue, events, transactions, () -> settings = Settings.of(bank, id));
        counters = new ModelCounters(request.name(), transactions, commands, events);
        settings = Settings.of(bank, id);
    }

    @Override
    public RegisterFile registers() {
        return registers;
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
            boolean abort = now.abortAll() || beyondOutput(iova);
            return abort ? Dma.ABORT : move(slot, iova, flags, data, offset, length);
        }
        Route route = route(now, streamId, substreamId, slot, began);
        if (route instanceof Route.Translated translated) {
            long leaf = translator.translate(translated, iova, flags, slot, began);
            if (Leaf.isFault(leaf)) {
                FaultPolicy policy = FaultPolicy.of(leaf, translated.context(), translated.stage2());
                return terminate(policy, leaf, streamId, substreamId, iova, flags, data, offset, length);
            }
            return move(slot, Leaf.output(leaf, iova), flags, data, offset, length);
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
        if (beyondOutput(iova)) {
            long fault = Leaf.fault(EventId.F_ADDR_SIZE, 0);
            events.record(EventRecord.translation(fault, streamId, substreamId, iova, flags));
            return Dma.ABORT;
        }
        return move(slot, iova, flags, data, offset, length);
    }

    // slot null: neither counts nor fills
    private Route route(Settings now, int streamId, int substreamId, long[] slot, long began) {
        Route route = configurations.lookup(streamId, substreamId);
        if (route != null) {
            TransactionSlots.count(slot, TransactionSlots.CONFIG_HIT);
            return route;
        }
        route = configuration.fetch(now, streamId, substreamId, slot, began);
        if (slot != null) {
            configurations.fill(streamId, substreamId, route, began);
        }
        return route;
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

    private int move(long[] slot, long address, int flags, byte[] data, int offset, int length) {
        try {
            if (Permissions.isWrite(flags)) {
                dmaMemory.write(address, data, offset, length);
                slot[TransactionSlots.BYTES_WRITTEN] += length;
            } else {
                dmaMemory.read(address, data, offset, length);
                slot[TransactionSlots.BYTES_READ] += length;
            }
            return Dma.OK;
        } catch (MemoryAbortException e) {
            // the abort goes back to the device; it is no event of the SMMU
            return Dma.ABORT;
        }
    }

    private boolean beyondOutput(long address) {
        return address >>> outputLimitBits != 0;
    }

    @Override
    public Translation translate(int streamId, int substreamId, long iova, int flags) {
        Settings now = settings;
        if (off || !now.enabled() && now.abortAll()) {
            return new Translation(Translation.Outcome.ABORTED, 0, 0, "");
        }
        if (!now.enabled()) {
            return beyondOutput(iova)
                    ? new Translation(Translation.Outcome.ABORTED, 0, 0, "")
                    : new Translation(Translation.Outcome.BYPASSED, iova, 0, "");
        }
        long began = generation.current();
        Route route = route(now, streamId, substreamId, null, began);
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
        return beyondOutput(iova)
                ? faulted(EventId.F_ADDR_SIZE)
                : new Translation(Translation.Outcome.BYPASSED, iova, 0, "");
    }

    private static Translation faulted(int event) {
        return new Translation(Translation.Outcome.FAULTED, 0, 0, EventId.name(event));
    }
}
