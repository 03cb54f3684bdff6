package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.memory.PhysicalMemory;

/** From an input address to a leaf: TLB, else walk, then permissions. Any thread; does not allocate. */
final class Translator {
    private final Tlb tlb;
    private final PageTableWalk tables;
    private final Stage2Translator stage2;
    private final int inputBits;
    private final boolean reportsConflicts;
    private final Trace trace;

    Translator(Tlb tlb, PhysicalMemory memory, Stage2Translator stage2, Identity id, Trace trace) {
        this.tlb = tlb;
        this.stage2 = stage2;
        this.trace = trace;
        tables = new PageTableWalk(memory, stage2, trace);
        inputBits = id.outputBits();
        reportsConflicts = tlb.reportsConflicts();
    }

    /**
     * Translates.
     *
     * @param flags of the access, after the overrides of its stream
     * @param slot of this thread; receives the {@link Attributes} of the outcome, of the stage-2 leaf alone where there is no
     *     stage 1
     * @param began generation before the transaction read anything
     * @return a {@link Leaf} that permits the access, or its fault
     */
    long translate(Route.Translated route, long iova, int flags, long[] slot, long began) {
        StreamContext context = route.context();
        if (context == null) {
            // stage 1 passes what an IPA can be
            return iova >>> inputBits != 0
                    ? Leaf.fault(EventId.F_ADDR_SIZE, 0)
                    : stage2.translate(route.stage2(), iova, flags, slot, began);
        }
        long canonical = context.canonical(iova);
        InputRange range = context.range(canonical);
        if (range == null || range.privilegedOnly() && !Permissions.isPrivileged(flags)) {
            return Leaf.fault(EventId.F_TRANSLATION, 0);
        }
        long tag = route.tag(range);
        long leaf = tlb.lookup(tag, canonical, slot);
        if (reportsConflicts && leaf != Tlb.MISS && tlb.isInConflict(tag, canonical, slot)) {
            return Leaf.fault(EventId.F_TLB_CONFLICT, 0);
        }
        if (leaf == Tlb.MISS || Leaf.needsUpdate(leaf, flags)) {
            TransactionSlots.count(slot, TransactionSlots.TLB_MISS);
            return walk(route, range, canonical, flags, slot, began);
        }
        TransactionSlots.count(
                slot, TransactionSlots.TLB_HIT + Granule.levelOf(range.granule(), Leaf.wholeLog2size(leaf)));
        if (trace != null) {
            trace.hit(1, canonical, leaf);
        }
        if (!Permissions.permitted(leaf, flags, context)) {
            return Leaf.fault(EventId.F_PERMISSION, 0);
        }
        // the event has the IPA, which the entry of both stages does not tell
        return Permissions.permittedByStage2(leaf, flags) ? leaf : walk(route, range, canonical, flags, slot, began);
    }

    /**
     * Translates by stage 1 alone, where there is one: to an intermediate address.
     *
     * @param flags of the access, after the overrides of its stream
     * @param slot of this thread
     * @param began generation before the transaction read anything
     * @return a {@link Leaf}, which need not permit the access, or its fault
     */
    long intermediate(Route.Translated route, long iova, int flags, long[] slot, long began) {
        StreamContext context = route.context();
        if (context == null) {
            // one to one
            return Leaf.of(0, inputBits, 0);
        }
        long canonical = context.canonical(iova);
        InputRange range = context.range(canonical);
        return range == null
                ? Leaf.fault(EventId.F_TRANSLATION, 0)
                : tables.walk(context, range, route.stage2(), canonical, flags, slot, began);
    }

    private long walk(Route.Translated route, InputRange range, long canonical, int flags, long[] slot, long began) {
        TransactionSlots.count(slot, TransactionSlots.WALK);
        StreamContext context = route.context();
        long leaf = tables.walk(context, range, route.stage2(), canonical, flags, slot, began);
        if (Leaf.isFault(leaf)) {
            return leaf;
        }
        boolean permitted = Permissions.permitted(leaf, flags, context);
        if (permitted && route.stage2() != null) {
            int attributes = (int) slot[TransactionSlots.ATTRIBUTES];
            long second = stage2.translate(route.stage2(), Leaf.output(leaf, canonical), flags, slot, began);
            if (Leaf.isFault(second)) {
                return second;
            }
            leaf = Leaf.combine(leaf, second, canonical);
            slot[TransactionSlots.ATTRIBUTES] = Attributes.combine(
                    attributes,
                    (int) slot[TransactionSlots.ATTRIBUTES],
                    route.stage2().forced());
        }
        if (TransactionSlots.fills(slot) && (permitted || route.stage2() == null)) {
            tlb.fill(route.tag(range), canonical, leaf, (int) slot[TransactionSlots.ATTRIBUTES], began);
        }
        return permitted ? leaf : Leaf.fault(EventId.F_PERMISSION, 0);
    }
}
