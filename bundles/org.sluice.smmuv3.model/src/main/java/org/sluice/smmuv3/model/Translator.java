package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.memory.PhysicalMemory;

/** From an input address to a leaf: TLB, else walk, then permissions. Any thread; does not allocate. */
final class Translator {
    private final Tlb tlb;
    private final PageTableWalk tables;
    private final Stage2Translator stage2;
    private final int inputBits;

    Translator(Tlb tlb, PhysicalMemory memory, Stage2Translator stage2, Identity id) {
        this.tlb = tlb;
        this.stage2 = stage2;
        tables = new PageTableWalk(memory, stage2);
        inputBits = id.outputBits();
    }

    /**
     * Translates.
     *
     * @param slot the counters of this thread; null counts nothing and fills nothing
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
        InputRange range = StreamContext.isHigh(canonical) ? context.high : context.low;
        if (range == null || !range.covers(canonical)) {
            return Leaf.fault(EventId.F_TRANSLATION, 0);
        }
        // entries of both stages may be as small as the smaller granule
        int pieces = route.stage2() == null
                ? range.granule()
                : Math.min(range.granule(), route.stage2().granule());
        long leaf = tlb.lookup(route.vmid(), context.asid, canonical, range.granule(), pieces);
        if (leaf == Tlb.MISS || Leaf.needsUpdate(leaf, flags)) {
            TransactionSlots.count(slot, TransactionSlots.TLB_MISS);
            return walk(route, range, canonical, pieces, flags, slot, began);
        }
        TransactionSlots.count(slot, TransactionSlots.TLB_HIT);
        if (!Permissions.permitted(leaf, flags, context)) {
            return Leaf.fault(EventId.F_PERMISSION, 0);
        }
        // the event has the IPA, which the entry of both stages does not tell
        return Permissions.permittedByStage2(leaf, flags)
                ? leaf
                : walk(route, range, canonical, pieces, flags, slot, began);
    }

    /**
     * Translates by stage 1 alone, where there is one: to an intermediate address.
     *
     * @param slot the counters of this thread; null counts nothing and fills nothing
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
        InputRange range = StreamContext.isHigh(canonical) ? context.high : context.low;
        return range == null || !range.covers(canonical)
                ? Leaf.fault(EventId.F_TRANSLATION, 0)
                : tables.walk(context, range, route.stage2(), canonical, flags, slot, began);
    }

    private long walk(
            Route.Translated route, InputRange range, long canonical, int pieces, int flags, long[] slot, long began) {
        TransactionSlots.count(slot, TransactionSlots.WALK);
        StreamContext context = route.context();
        long leaf = tables.walk(context, range, route.stage2(), canonical, flags, slot, began);
        if (Leaf.isFault(leaf)) {
            return leaf;
        }
        boolean permitted = Permissions.permitted(leaf, flags, context);
        if (permitted && route.stage2() != null) {
            long second = stage2.translate(route.stage2(), Leaf.output(leaf, canonical), flags, slot, began);
            if (Leaf.isFault(second)) {
                return second;
            }
            leaf = Leaf.combine(leaf, second, canonical, pieces);
        }
        if (slot != null && (permitted || route.stage2() == null)) {
            tlb.fill(route.vmid(), context.asid, canonical, range.granule(), leaf, began);
        }
        return permitted ? leaf : Leaf.fault(EventId.F_PERMISSION, 0);
    }
}
