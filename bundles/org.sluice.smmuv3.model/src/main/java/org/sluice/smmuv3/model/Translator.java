package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.memory.PhysicalMemory;

/** From an input address to a leaf: TLB, else walk, then permissions. Any thread; does not allocate. */
final class Translator {
    // one VMID as long as there is no stage 2
    private static final int VMID = 0;

    private final Tlb tlb;
    private final PageTableWalk tables;

    Translator(Tlb tlb, PhysicalMemory memory) {
        this.tlb = tlb;
        tables = new PageTableWalk(memory);
    }

    /**
     * Translates.
     *
     * @param slot the counters of this thread; null counts nothing and fills nothing
     * @param began generation before the transaction read anything
     * @return a {@link Leaf} that permits the access, or its fault
     */
    long translate(StreamContext context, long iova, int flags, long[] slot, long began) {
        long canonical = context.canonical(iova);
        InputRange range = StreamContext.isHigh(canonical) ? context.high : context.low;
        if (range == null || !range.covers(canonical)) {
            return Leaf.fault(EventId.F_TRANSLATION, 0);
        }
        long leaf = tlb.lookup(VMID, context.asid, canonical, range.granule());
        if (leaf != Tlb.MISS) {
            TransactionSlots.count(slot, TransactionSlots.TLB_HIT);
        } else {
            TransactionSlots.count(slot, TransactionSlots.TLB_MISS);
            TransactionSlots.count(slot, TransactionSlots.WALK);
            leaf = tables.walk(context, range, canonical, slot);
            if (Leaf.isFault(leaf)) {
                return leaf;
            }
            if (slot != null) {
                tlb.fill(VMID, context.asid, canonical, range.granule(), leaf, began);
            }
        }
        return Permissions.permitted(leaf, flags, context) ? leaf : Leaf.fault(EventId.F_PERMISSION, 0);
    }
}
