package org.sluice.smmuv3.model;

import java.util.concurrent.atomic.AtomicLongArray;
import org.sluice.smmuv3.arch.CmdCfgiCd;
import org.sluice.smmuv3.arch.CmdCfgiSte;
import org.sluice.smmuv3.arch.CmdCfgiSteRange;
import org.sluice.smmuv3.arch.CmdResume;
import org.sluice.smmuv3.arch.CmdStallTerm;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdTlbiNhAsid;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdTlbiS2Ipa;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.Opcode;

/**
 * What commands do. Called by one thread at a time, except {@link #count}.
 *
 * <p>Commands of absent features are illegal, and so are those of the Secure and EL3 worlds, which this queue does not
 * carry. Prefetches are accepted and change nothing.
 */
final class CommandSet implements Commands {
    private static final int SYNC_RESERVED = 3;

    private final Identity id;
    private final ConfigurationCache configurations;
    private final Tlb tlb;
    private final Generation generation;
    private final TransactionSlots transactions;
    private final Stalls stalls;
    private final AtsCommands ats;
    private final Interrupts interrupts;
    private final AtomicLongArray executed = new AtomicLongArray(1 << Byte.SIZE);
    // something was invalidated since the last SYNC, so that transactions may still use it
    private boolean invalidated;
    // the SYNC whose completion is to be signalled once CONS has passed it
    private boolean signal;
    private long signalAddress;
    private int signalData;

    CommandSet(
            Identity id,
            ConfigurationCache configurations,
            Tlb tlb,
            Generation generation,
            TransactionSlots transactions,
            Stalls stalls,
            AtsCommands ats,
            Interrupts interrupts) {
        this.id = id;
        this.configurations = configurations;
        this.tlb = tlb;
        this.generation = generation;
        this.transactions = transactions;
        this.stalls = stalls;
        this.ats = ats;
        this.interrupts = interrupts;
    }

    @Override
    public long execute(long word0, long word1) {
        int opcode = (int) CmdSync.opcode(word0);
        boolean legal = switch (opcode) {
            case Opcode.PREFETCH_CONFIG, Opcode.PREFETCH_ADDR -> nonSecure(word0);
            case Opcode.CFGI_STE, Opcode.CFGI_STE_RANGE_CFGI_ALL ->
                nonSecure(word0) && invalidateStreams(opcode, word0, word1);
            case Opcode.CFGI_CD, Opcode.CFGI_CD_ALL ->
                id.stage1() && nonSecure(word0) && invalidateContexts(opcode, word0);
            case Opcode.TLBI_NH_ALL, Opcode.TLBI_NH_ASID, Opcode.TLBI_NH_VA, Opcode.TLBI_NH_VAA ->
                id.stage1() && invalidateTlb(opcode, word0, word1);
            case Opcode.TLBI_S12_VMALL, Opcode.TLBI_S2_IPA -> id.stage2() && invalidateTlb(opcode, word0, word1);
            case Opcode.TLBI_NSNH_ALL -> invalidateTlb(TlbScope.all(TlbScope.ANY));
            case Opcode.TLBI_EL2_ALL, Opcode.TLBI_EL2_ASID, Opcode.TLBI_EL2_VA, Opcode.TLBI_EL2_VAA ->
                id.hypervisor() && id.stage1() && invalidateEl2(opcode, word0, word1);
            case Opcode.RESUME -> id.stalls() && nonSecure(word0) && resume(word0, word1);
            case Opcode.STALL_TERM -> id.stalls() && nonSecure(word0) && terminateStalls(word0);
            case Opcode.ATC_INV -> invalidateAtc(word0, word1);
            case Opcode.PRI_RESP -> ats.respond(word0, word1);
            case Opcode.SYNC -> CmdSync.cs(word0) != SYNC_RESERVED;
            // ModelledFeatures admits no identity that has any of these
            default -> false;
        };
        long error = legal ? CmdqCons.ERR_NONE : CmdqCons.ERR_ILL;
        if (legal && opcode == Opcode.SYNC) {
            error = sync(word0, word1);
        }
        if (error == CmdqCons.ERR_NONE) {
            executed.incrementAndGet(opcode);
        }
        return error;
    }

    @Override
    public void completed() {
        if (signal) {
            signal = false;
            interrupts.commandSync(signalAddress, signalData);
        }
    }

    /** How often a command was executed. Any thread. */
    long count(int opcode) {
        return executed.get(opcode);
    }

    // SSec stands at the same place in every command that has it
    private static boolean nonSecure(long word0) {
        return CmdCfgiSte.sSec(word0) == 0;
    }

    private boolean invalidateStreams(int opcode, long word0, long word1) {
        invalidating();
        // Range n covers 2^(n+1) streams; 31 is all of them
        int log2count = opcode == Opcode.CFGI_STE ? 0 : (int) CmdCfgiSteRange.range(word1) + 1;
        configurations.invalidateStreams((int) CmdCfgiSte.streamID(word0), log2count);
        return true;
    }

    private boolean invalidateContexts(int opcode, long word0) {
        invalidating();
        int streamId = (int) CmdCfgiCd.streamID(word0);
        if (opcode == Opcode.CFGI_CD) {
            configurations.invalidateContext(streamId, (int) CmdCfgiCd.substreamID(word0));
        } else {
            configurations.invalidateContexts(streamId);
        }
        return true;
    }

    private boolean invalidateTlb(int opcode, long word0, long word1) {
        int vmid = id.stage2() ? (int) CmdTlbiNhAsid.vmid(word0) : 0;
        int asid = (int) CmdTlbiNhAsid.asid(word0);
        return switch (opcode) {
            case Opcode.TLBI_NH_ALL -> invalidateTlb(TlbScope.allOfStage1(vmid));
            case Opcode.TLBI_NH_ASID -> invalidateTlb(TlbScope.asid(vmid, asid));
            case Opcode.TLBI_NH_VA -> invalidateTlb(range(false, Regime.EL1, vmid, asid, word0, word1));
            case Opcode.TLBI_NH_VAA -> invalidateTlb(range(false, Regime.EL1, vmid, TlbScope.ANY, word0, word1));
            case Opcode.TLBI_S2_IPA -> invalidateTlb(range(true, Regime.EL1, vmid, TlbScope.ANY, word0, word1));
            default -> invalidateTlb(TlbScope.all(vmid));
        };
    }

    // entries made with either value of CR2.E2H go
    private boolean invalidateEl2(int opcode, long word0, long word1) {
        int asid = (int) CmdTlbiNhAsid.asid(word0);
        boolean legal = true;
        for (Regime regime : new Regime[] {Regime.EL2, Regime.EL2_E2H}) {
            TlbScope everything = new TlbScope(TlbScope.Stages.FIRST, regime, 0, TlbScope.ANY, 0, -1L, 0, 0);
            TlbScope scope = switch (opcode) {
                case Opcode.TLBI_EL2_ASID -> new TlbScope(TlbScope.Stages.FIRST, regime, 0, asid, 0, -1L, 0, 0);
                case Opcode.TLBI_EL2_VA -> range(false, regime, 0, asid, word0, word1);
                case Opcode.TLBI_EL2_VAA -> range(false, regime, 0, TlbScope.ANY, word0, word1);
                default -> everything;
            };
            legal &= invalidateTlb(scope);
        }
        return legal;
    }

    private boolean invalidateTlb(TlbScope scope) {
        if (scope == null) {
            return false;
        }
        invalidating();
        tlb.invalidate(scope);
        return true;
    }

    /** Empties the caches. Any thread. */
    void invalidateAll() {
        generation.advance();
        tlb.invalidate(TlbScope.EVERYTHING);
        configurations.invalidateStreams(0, Integer.SIZE);
    }

    // before anything is removed: see Tlb
    private void invalidating() {
        generation.advance();
        invalidated = true;
    }

    /** The addresses of TLBI_NH_VA, _EL2_VA, their like for all ASIDs and _S2_IPA, whose fields stand at the same places; null if illegal. */
    private TlbScope range(boolean stage2, Regime regime, int vmid, int asid, long word0, long word1) {
        TlbScope.Stages stages = stage2 ? TlbScope.Stages.SECOND : TlbScope.Stages.FIRST;
        long address = stage2 ? CmdTlbiS2Ipa.ipa(word1) : CmdTlbiNhVa.addr(word1);
        int granule = id.rangeInvalidation() ? Granule.ofCommand(CmdTlbiNhVa.tg(word1)) : 0;
        if (granule == 0) {
            return new TlbScope(stages, regime, vmid, asid, address, address + (1L << Granule.BITS_4K) - 1, 0, 0);
        }
        long num = CmdTlbiNhVa.num(word0);
        long scale = CmdTlbiNhVa.scale(word0);
        int ttl = (int) CmdTlbiNhVa.ttl(word1);
        if (granule == Granule.BITS_16K && ttl == 1 && !id.largeAddresses()) {
            // acts as 0, also where that makes the command a reserved one
            ttl = 0;
        }
        if (num == 0 && scale == 0 && ttl == 0) {
            return null;
        }
        // a level that has no leaves in this granule filters nothing
        boolean leaves = ttl == Granule.LAST_LEVEL || Granule.blockAllowed(granule, ttl, id.largeBlocks(granule));
        int level = leaves ? ttl : 0;
        long first = address & -1L << granule;
        long last = first + ((num + 1) << scale + granule) - 1;
        boolean beyond = scale + granule >= Long.SIZE - CmdTlbiNhVa.NUM_MSB + CmdTlbiNhVa.NUM_LSB
                || Long.compareUnsigned(last, first) < 0;
        return new TlbScope(stages, regime, vmid, asid, first, beyond ? -1L : last, granule, level);
    }

    // Ac: retry; else Ab chooses between an abort and a transaction that completes without effect
    private boolean resume(long word0, long word1) {
        Stalls.Answer ended =
                CmdResume.ab(word0) != 0 || id.abortsOnly() ? Stalls.Answer.ABORT : Stalls.Answer.TERMINATE;
        Stalls.Answer answer = CmdResume.ac(word0) != 0 ? Stalls.Answer.RETRY : ended;
        stalls.answer((int) CmdResume.streamID(word0), (int) CmdResume.stag(word1), answer);
        return true;
    }

    private boolean terminateStalls(long word0) {
        stalls.terminate((int) CmdStallTerm.streamID(word0));
        return true;
    }

    // what the endpoint has used is complete when SYNC is, as what the TLB has
    private boolean invalidateAtc(long word0, long word1) {
        boolean legal = ats.invalidate(word0, word1);
        invalidated |= legal;
        return legal;
    }

    private long sync(long word0, long word1) {
        long error = ats.outcome();
        if (error != CmdqCons.ERR_NONE) {
            return error;
        }
        if (invalidated) {
            transactions.drain();
            invalidated = false;
        }
        if (CmdSync.cs(word0) == CmdSync.CS_IRQ) {
            signal = true;
            signalAddress = id.msi() ? CmdSync.msiAddress(word1) : 0;
            signalData = (int) CmdSync.msiData(word0);
        }
        return CmdqCons.ERR_NONE;
    }
}
