package org.sluice.smmuv2.model;

import java.util.Arrays;
import java.util.Map;
import org.sluice.api.Counters;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.AuxiliaryControl;
import org.sluice.smmuv2.arch.FaultSyndrome0;
import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.SGfsr;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.board.Translation;
import org.sluice.spi.bus.PlatformCalls;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * One SMMUv2. Any number of threads may make transactions and write registers. A transaction that hits the TLB takes no
 * lock and does not allocate.
 */
final class Smmuv2Model implements IommuModel, Counters {
    private static final int PAGE_BYTES = 4096;

    private final PhysicalMemory dmaMemory;
    private final int outputBits;
    private final StreamTable streams;
    private final ContextBank[] banks;
    private final GlobalFaults globalFaults;
    private final GlobalSpace global;
    private final Translator translator;
    private final InFlight transactions = new InFlight();
    private final Statistics statistics;
    private final Surroundings surroundings;
    private final ResidentPage sparse;
    private final Smmuv2Registers registers;
    private volatile boolean off;

    Smmuv2Model(ModelRequest request, ModelOptions options, Tlb tlb) {
        Identity id = options.identity();
        statistics = new Statistics(request.name());
        dmaMemory = request.dmaMemory();
        outputBits = id.outputBits();
        sparse = options.sparse() ? new ResidentPage() : null;
        Wires wires = new Wires(request.interrupt(), id.interrupts());
        streams = new StreamTable(id, options.defects().contains(Defect.S2CR_BYPASS));
        options.bootStreams().forEach(streams::leave);
        banks = new ContextBank[id.banks()];
        BankDecoder decoder = new BankDecoder(id);
        Arrays.setAll(banks, number -> new ContextBank(decoder, wires));
        globalFaults = new GlobalFaults(wires);
        boolean fetchesAhead = options.defects().contains(Defect.PREFETCH);
        if (fetchesAhead) {
            for (ContextBank bank : banks) {
                bank.words().set(AuxiliaryControl.OFFSET, (int) AuxiliaryControl.CPRE_MASK);
            }
        }
        translator = new Translator(tlb, request.memory(), banks, statistics, fetchesAhead);
        surroundings = new Surroundings(options.defects(), statistics.syncWaits);
        Invalidation invalidation = new Invalidation(tlb, translator, transactions, surroundings, options.defects());
        global = new GlobalSpace(id, streams, banks, globalFaults, invalidation, statistics, options.defects());
        boolean lockable = options.defects().contains(Defect.ACTLR_LOCK);
        BankSpace space = new BankSpace(id, global, invalidation, translator, statistics, lockable);
        AddressMap map = new AddressMap(id.pageShift(), id.pages());
        registers = new Smmuv2Registers(
                map, global, space, banks, options.defects().contains(Defect.NO_64BIT_ACCESS), sparse);
    }

    @Override
    public RegisterFile registers() {
        return registers;
    }

    @Override
    public PlatformCalls platform() {
        return surroundings;
    }

    @Override
    public String subject() {
        return statistics.subject();
    }

    @Override
    public Map<String, Long> read() {
        return statistics.read();
    }

    @Override
    public void close() {
        off = true;
        for (ContextBank bank : banks) {
            bank.close();
        }
    }

    @Override
    public int transact(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        if (length < 1 || (iova & PAGE_BYTES - 1) + length > PAGE_BYTES) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "transaction at 0x%x is %d bytes, it must stay within 4096-byte pages", iova, length));
        }
        while (true) {
            int entered = transactions.enter();
            Outcome outcome;
            try {
                statistics.transactions.increment();
                outcome = off || substreamId != Dma.NO_PASID
                        ? Outcome.ABORT
                        : access(surroundings.arriving(streamId), iova, flags, data, offset, length);
            } finally {
                transactions.leave(entered);
            }
            // no longer under way: a synchronisation need not wait for what is stalled
            if (outcome.stall() == null) {
                if (outcome == Outcome.RAZ_WI && !Permissions.isWrite(flags)) {
                    Arrays.fill(data, offset, offset + length, (byte) 0);
                }
                return outcome.answer();
            }
            if (outcome.stall().await() && outcome.owner()) {
                return Dma.ABORT;
            }
        }
    }

    private Outcome access(int streamId, long iova, int flags, byte[] data, int offset, int length) {
        long control = global.control();
        if (SCr0.clientpd(control) != 0) {
            return move(iova, flags, data, offset, length);
        }
        int entry = streams.find(streamId, control);
        if (entry < 0) {
            return unmatched(entry, control, streamId, iova, flags, data, offset, length);
        }
        long route = streams.context(entry);
        long type = StreamToContext.type(route);
        if (type == StreamToContext.TYPE_BYPASS) {
            return move(iova, flags, data, offset, length);
        }
        int number = (int) StreamToContext.cbndx(route);
        if (type != StreamToContext.TYPE_TRANSLATE || number >= banks.length) {
            long bit = type == StreamToContext.TYPE_TRANSLATE ? SGfsr.UCBF_MASK : SGfsr.ICF_MASK;
            return globalFault(bit, control, streamId, iova, flags);
        }
        ContextBank bank = translating(number);
        BankContext context = bank.context();
        if (!context.enabled()) {
            return move(iova, flags, data, offset, length);
        }
        if (bank.isBlocked()) {
            return bank.keptOut();
        }
        boolean nested = context.kind() == BankContext.Kind.NESTED && context.stage2Bank() < banks.length;
        if (nested && banks[context.stage2Bank()].isBlocked()) {
            return banks[context.stage2Bank()].keptOut();
        }
        int seen = privilege(route, flags);
        long auxiliary = bank.words().get(AuxiliaryControl.OFFSET);
        boolean prefetch = AuxiliaryControl.cpre(auxiliary) != 0;
        WalkResult result = translator.translate(context, iova, seen, prefetch, true);
        if (result instanceof Mapping leaf) {
            long output = leaf.outputOf(iova);
            return AuxiliaryControl.prr(auxiliary) != 0 && sparse != null && sparse.contains(output)
                    ? notResident(flags, data, offset, length)
                    : move(output, flags, data, offset, length);
        }
        statistics.contextFaults.increment();
        ContextFault fault = (ContextFault) result;
        // whoever owns stage 1 does not get to see what stage 2 is about
        return nested && fault.stage2()
                ? banks[context.stage2Bank()].fault(
                        fault, streamId, iova, FaultSyndrome0.withS1cbndx(syndrome(seen), number))
                : bank.fault(fault, streamId, iova, syndrome(seen));
    }

    /** The bank that translates what is led to another: a nested one that is off leaves everything to its stage 2. */
    private ContextBank translating(int number) {
        BankContext context = banks[number].context();
        boolean leaves =
                context.kind() == BankContext.Kind.NESTED && !context.enabled() && context.stage2Bank() < banks.length;
        return banks[leaves ? context.stage2Bank() : number];
    }

    private Outcome unmatched(
            int entry, long control, int streamId, long iova, int flags, byte[] data, int offset, int length) {
        if (entry == StreamTable.SEVERAL) {
            return globalFault(SGfsr.SMCF_MASK, control, streamId, iova, flags);
        }
        return SCr0.usfcfg(control) != 0
                ? globalFault(SGfsr.USF_MASK, control, streamId, iova, flags)
                : move(iova, flags, data, offset, length);
    }

    private Outcome globalFault(long bit, long control, int streamId, long iova, int flags) {
        statistics.globalFaults.increment();
        return globalFaults.record(bit, control, streamId, iova, GlobalFaults.details(flags));
    }

    private static int privilege(long route, int flags) {
        long privilege = StreamToContext.privcfg(route);
        if (privilege == StreamToContext.PRIVCFG_UNPRIVILEGED) {
            return flags & ~Dma.PRIVILEGED;
        }
        return privilege == StreamToContext.PRIVCFG_PRIVILEGED ? flags | Dma.PRIVILEGED : flags;
    }

    private static long syndrome(int flags) {
        long syndrome = FaultSyndrome0.withWnr(0, Permissions.isWrite(flags) ? 1 : 0);
        syndrome = FaultSyndrome0.withPnu(syndrome, Permissions.isPrivileged(flags) ? 1 : 0);
        return FaultSyndrome0.withInd(syndrome, Permissions.isInstruction(flags) ? 1 : 0);
    }

    private static Outcome notResident(int flags, byte[] data, int offset, int length) {
        if (!Permissions.isWrite(flags)) {
            Arrays.fill(data, offset, offset + length, (byte) 0);
        }
        return Outcome.OK;
    }

    private Outcome move(long address, int flags, byte[] data, int offset, int length) {
        if (address >>> outputBits != 0) {
            return Outcome.ABORT;
        }
        try {
            if (Permissions.isWrite(flags)) {
                dmaMemory.write(address, data, offset, length);
            } else {
                dmaMemory.read(address, data, offset, length);
            }
            return Outcome.OK;
        } catch (MemoryAbortException e) {
            // the abort goes back to the device; it is no fault of the SMMU
            return Outcome.ABORT;
        }
    }

    @Override
    public Translation translate(int streamId, int substreamId, long iova, int flags) {
        if (off || substreamId != Dma.NO_PASID) {
            return new Translation(Translation.Outcome.ABORTED, 0, 0, "");
        }
        long control = global.control();
        int arriving = surroundings.arriving(streamId);
        int entry = SCr0.clientpd(control) != 0 ? StreamTable.NONE : streams.find(arriving, control);
        if (entry < 0) {
            boolean passes = entry == StreamTable.NONE && (SCr0.clientpd(control) != 0 || SCr0.usfcfg(control) == 0);
            return passes ? bypassed(iova) : faulted(entry == StreamTable.SEVERAL ? "SMCF" : "USF");
        }
        long route = streams.context(entry);
        int number = (int) StreamToContext.cbndx(route);
        if (StreamToContext.type(route) == StreamToContext.TYPE_BYPASS) {
            return bypassed(iova);
        }
        if (StreamToContext.type(route) != StreamToContext.TYPE_TRANSLATE || number >= banks.length) {
            return faulted(StreamToContext.type(route) == StreamToContext.TYPE_TRANSLATE ? "UCBF" : "ICF");
        }
        BankContext context = translating(number).context();
        if (!context.enabled()) {
            return bypassed(iova);
        }
        WalkResult result = translator.translate(context, iova, privilege(route, flags), false, false);
        return result instanceof Mapping leaf
                ? new Translation(Translation.Outcome.TRANSLATED, leaf.outputOf(iova), 1L << leaf.log2size(), "")
                : faulted(FaultNames.of(((ContextFault) result).status()));
    }

    private Translation bypassed(long iova) {
        return iova >>> outputBits != 0
                ? new Translation(Translation.Outcome.ABORTED, 0, 0, "")
                : new Translation(Translation.Outcome.BYPASSED, iova, 0, "");
    }

    private static Translation faulted(String reason) {
        return new Translation(Translation.Outcome.FAULTED, 0, 0, reason);
    }
}
