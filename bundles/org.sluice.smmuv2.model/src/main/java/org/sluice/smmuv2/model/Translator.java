package org.sluice.smmuv2.model;

import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * From an input address to a leaf that permits the access: TLB, else walk, then permissions. Any thread; a hit neither
 * locks nor allocates.
 */
final class Translator {
    private static final int SELECT_BIT = 55;
    private static final int TOP_BYTE = 56;
    private static final int PAGE_BYTES = 4096;

    private final Tlb tlb;
    private final LongWalk longWalk;
    private final ShortWalk shortWalk;
    private final ContextBank[] banks;
    private final Statistics statistics;
    private final boolean fetchesAhead;

    Translator(Tlb tlb, PhysicalMemory memory, ContextBank[] banks, Statistics statistics, boolean fetchesAhead) {
        this.tlb = tlb;
        longWalk = new LongWalk(memory, statistics.walkReads);
        shortWalk = new ShortWalk(memory, statistics.walkReads);
        this.banks = banks;
        this.statistics = statistics;
        this.fetchesAhead = fetchesAhead;
    }

    /**
     * Translates.
     *
     * @param context an enabled bank
     * @param prefetch the bank's ACTLR.CPRE
     * @param fill whether to use and fill the TLB and to count
     * @return a leaf that permits the access, or the fault
     */
    WalkResult translate(BankContext context, long input, int flags, boolean prefetch, boolean fill) {
        int vmid = vmid(context);
        long began = tlb.generation();
        Mapping cached = fill ? tlb.lookup(vmid, context.asid(), context.isStage2(), input) : null;
        if (cached != null) {
            statistics.hits.increment();
            // the registers of a fault of stage 2 want the IPA, which an entry of both stages does not tell
            if (Permissions.permitted(cached, context, flags) && Permissions.permittedByStage2(cached, flags)) {
                return cached;
            }
        } else if (fill) {
            statistics.misses.increment();
        }
        WalkResult result = walk(context, input, flags);
        if (fill && result instanceof Mapping leaf) {
            tlb.fill(vmid, context.asid(), context.isStage2(), false, input, leaf, began);
            if (prefetch && fetchesAhead) {
                fetchAhead(context, vmid, input + PAGE_BYTES, began);
            }
        }
        return result;
    }

    private void fetchAhead(BankContext context, int vmid, long input, long began) {
        if (walk(context, input, 0) instanceof Mapping leaf) {
            tlb.fill(vmid, context.asid(), context.isStage2(), true, input, leaf, began);
        }
    }

    private WalkResult walk(BankContext context, long input, int flags) {
        if (context.isStage2()) {
            WalkResult result = longWalk.stage2(context, input, false);
            return result instanceof Mapping leaf && !Permissions.permittedByStage2(leaf, flags)
                    ? ContextFault.stage2(FaultStatus.PF_MASK, leaf.level(), input, false)
                    : result;
        }
        BankContext second = beneath(context);
        WalkResult first = stage1(context, second, input);
        if (!(first instanceof Mapping leaf)) {
            return first;
        }
        if (!Permissions.permitted(leaf, context, flags)) {
            return ContextFault.stage1(FaultStatus.PF_MASK, leaf.level());
        }
        long ipa = leaf.outputOf(input);
        if (context.kind() == BankContext.Kind.STAGE1_FAULT) {
            return ContextFault.stage2(FaultStatus.TF_MASK, 0, ipa, false);
        }
        if (second == null) {
            return leaf;
        }
        WalkResult result = longWalk.stage2(second, ipa, false);
        if (!(result instanceof Mapping below)) {
            return result;
        }
        return Permissions.permittedByStage2(below, flags)
                ? leaf.over(below, input)
                : ContextFault.stage2(FaultStatus.PF_MASK, below.level(), ipa, false);
    }

    private WalkResult stage1(BankContext context, BankContext second, long input) {
        if (context.shorts() != null) {
            return shortWalk.walk(context.shorts(), input);
        }
        InputRange range = range(context, input);
        return range == null
                ? ContextFault.stage1(FaultStatus.TF_MASK, 0)
                : longWalk.stage1(range, second, context.accessFlag(), input);
    }

    // null when no table has the address
    private static InputRange range(BankContext context, long input) {
        if (context.format() == BankContext.Format.AARCH32_LONG) {
            if (input >>> Integer.SIZE != 0) {
                return null;
            }
            if (context.low() != null && input >>> context.low().inputBits() == 0) {
                return context.low();
            }
            InputRange high = context.high();
            long extended = input | -1L << Integer.SIZE;
            return high != null && extended >> high.inputBits() == -1 ? high : null;
        }
        long address = input;
        if (context.signBit() < SELECT_BIT && input >>> context.signBit() + 1 == 0) {
            // the upstream bus has no more bits: the last one is extended
            address = input << Long.SIZE - 1 - context.signBit() >> Long.SIZE - 1 - context.signBit();
        }
        boolean upper = (address >>> SELECT_BIT & 1) != 0;
        if ((context.topByteIgnored() >>> (upper ? 1 : 0) & 1) != 0) {
            address = address << Long.SIZE - TOP_BYTE >> Long.SIZE - TOP_BYTE;
        }
        InputRange range = upper ? context.high() : context.low();
        return range != null && address >> range.inputBits() == (upper ? -1 : 0) ? range : null;
    }

    // the stage 2 beneath a nested bank, or null
    private BankContext beneath(BankContext context) {
        if (context.kind() != BankContext.Kind.NESTED || context.stage2Bank() >= banks.length) {
            return null;
        }
        BankContext second = banks[context.stage2Bank()].context();
        return second.enabled() && second.isStage2() ? second : null;
    }

    /** The VMID of a bank's entries: that of its stage 2, if it has one beneath. */
    int vmid(BankContext context) {
        if (context.kind() != BankContext.Kind.NESTED) {
            return context.vmid();
        }
        return context.stage2Bank() < banks.length
                ? banks[context.stage2Bank()].context().vmid()
                : 0;
    }
}
