package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.memory.PhysicalMemory;

/** From an IPA to a leaf of stage 2: TLB, else walk, then permissions. Any thread; does not allocate. */
final class Stage2Translator {
    private final Tlb tlb;
    private final Stage2Walk tables;
    private final Trace trace;
    private final boolean reportsConflicts;

    Stage2Translator(Tlb tlb, PhysicalMemory memory, Trace trace) {
        this.tlb = tlb;
        this.trace = trace;
        tables = new Stage2Walk(memory, trace);
        reportsConflicts = tlb.reportsConflicts();
    }

    /**
     * Translates a fetch of the SMMU itself, which is an unprivileged read.
     *
     * @param clazz CLASS of the event: CD or TT
     * @param slot of this thread
     * @param began generation before the transaction read anything
     * @return a {@link Leaf} that permits the fetch, or its fault
     */
    long fetch(Stage2Context context, long ipa, long clazz, long[] slot, long began) {
        long leaf = translate(context, ipa, 0, clazz, slot, began);
        boolean refused = !Leaf.isFault(leaf) && context.protectedWalk() && (leaf & Leaf.STAGE2_DEVICE) != 0;
        return refused ? Leaf.stage2Fault(EventId.F_PERMISSION, ipa, clazz) : leaf;
    }

    /**
     * Translates the address of a stage-1 descriptor that the SMMU is to write, which makes its page dirty.
     *
     * @param slot of this thread
     * @param began generation before the transaction read anything
     * @return a {@link Leaf} that permits the write, or its fault
     */
    long update(Stage2Context context, long ipa, long[] slot, long began) {
        long leaf = translate(context, ipa, IommuModel.WRITE, EvtFTranslation.CLASS_TT, slot, began);
        return Leaf.isFault(leaf) ? Leaf.ofDescriptorWrite(leaf) : leaf;
    }

    /**
     * Translates the IPA of a transaction.
     *
     * @param flags of the access
     * @param slot of this thread; receives the leaf's {@link Attributes}
     * @param began generation before the transaction read anything
     * @return a {@link Leaf} that permits the access, or its fault
     */
    long translate(Stage2Context context, long ipa, int flags, long[] slot, long began) {
        return translate(context, ipa, flags, EvtFTranslation.CLASS_IN, slot, began);
    }

    private long translate(Stage2Context context, long ipa, int flags, long clazz, long[] slot, long began) {
        if (!context.covers(ipa)) {
            return Leaf.stage2Fault(EventId.F_TRANSLATION, ipa, clazz);
        }
        long tag = TlbTag.stage2(context.vmid(), context.granule());
        long leaf = tlb.lookup(tag, ipa, slot);
        if (reportsConflicts && leaf != Tlb.MISS && tlb.isInConflict(tag, ipa, slot)) {
            return Leaf.stage2Fault(EventId.F_TLB_CONFLICT, ipa, clazz);
        }
        if (leaf == Tlb.MISS || Leaf.needsUpdate(leaf, flags)) {
            TransactionSlots.count(slot, TransactionSlots.TLB2_MISS);
            TransactionSlots.count(slot, TransactionSlots.WALK2);
            leaf = tables.walk(context, ipa, clazz, flags, slot);
            if (Leaf.isFault(leaf)) {
                return leaf;
            }
            if (TransactionSlots.fills(slot)) {
                tlb.fill(tag, ipa, leaf, (int) slot[TransactionSlots.ATTRIBUTES], began);
            }
        } else {
            int level = Granule.levelOf(context.granule(), Leaf.log2size(leaf));
            TransactionSlots.count(slot, TransactionSlots.TLB2_HIT + level);
            if (trace != null) {
                trace.hit(2, ipa, leaf);
            }
        }
        boolean permitted = Permissions.permittedByStage2(leaf, flags);
        return permitted ? leaf : Leaf.stage2Fault(EventId.F_PERMISSION, ipa, clazz);
    }
}
