package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/**
 * The stage-1 walk of VMSAv8-64. At each level the order is: external abort, translation fault, address size fault; at the
 * leaf then the access flag. Permissions are the caller's. With a stage 2, the address of each descriptor is an IPA, which
 * it translates first. Where the leaf has to be updated (see {@link DescriptorUpdate}), that is done before the walk ends, and
 * through a stage 2 it needs write permission there. Any thread; at most five reads, and those of stage 2, unless
 * software changes the leaf at the same time.
 */
final class PageTableWalk {
    private final PhysicalMemory memory;
    private final Stage2Translator stage2;
    private final Trace trace;

    /** Walks that tell a trace of each descriptor; null for nobody. */
    PageTableWalk(PhysicalMemory memory, Stage2Translator stage2, Trace trace) {
        this.memory = memory;
        this.stage2 = stage2;
        this.trace = trace;
    }

    /**
     * Walks.
     *
     * @param second the stage 2 beneath, or null
     * @param canonical an address that the range covers
     * @param flags of the access
     * @param slot of this thread; receives the leaf's {@link Attributes}; no update without fills
     * @param began generation before the transaction read anything
     * @return a {@link Leaf} of stage 1, which need not permit the access, or its fault
     */
    long walk(
            StreamContext context,
            InputRange range,
            Stage2Context second,
            long canonical,
            int flags,
            long[] slot,
            long began) {
        long outcome;
        int walks = 0;
        do {
            outcome = descend(context, range, second, canonical, flags, slot, began);
        } while (outcome == DescriptorUpdate.CHANGED && !DescriptorUpdate.hopeless(++walks));
        return outcome == DescriptorUpdate.CHANGED ? Leaf.fault(EventId.F_WALK_EABT, range.root()) : outcome;
    }

    private long descend(
            StreamContext context,
            InputRange range,
            Stage2Context second,
            long canonical,
            int flags,
            long[] slot,
            long began) {
        long input = canonical & (1L << range.inputBits()) - 1;
        int perLevel = Granule.bitsPerLevel(range.granule());
        long indexMask = (1L << perLevel) - 1;
        int shift = Granule.shift(range.granule(), range.startLevel());
        long table = range.root();
        long restrictions = 0;
        for (int level = range.startLevel(); level <= Granule.LAST_LEVEL; level++, shift -= perLevel) {
            // the root may have fewer entries, but then the input has no bits above them
            long pointer = table + (input >>> shift & indexMask) * Long.BYTES;
            long address = pointer;
            if (second != null) {
                long fetched = stage2.fetch(second, pointer, EvtFTranslation.CLASS_TT, slot, began);
                if (Leaf.isFault(fetched)) {
                    return fetched;
                }
                address = Leaf.output(fetched, pointer);
            }
            long descriptor;
            try {
                TransactionSlots.count(slot, TransactionSlots.WALK_READ);
                descriptor = memory.read64Acquire(address);
            } catch (MemoryAbortException e) {
                return Leaf.fault(EventId.F_WALK_EABT, address);
            }
            if (trace != null) {
                trace.descriptor(1, level, address, descriptor);
            }
            boolean last = level == Granule.LAST_LEVEL;
            // the same type is a table above the last level, and a page at it
            boolean tableOrPage = TableDescriptor.type(descriptor) == TableDescriptor.TYPE_TABLE;
            if (!tableOrPage && (last || !isBlock(descriptor, range, level))) {
                return Leaf.fault(EventId.F_TRANSLATION, 0);
            }
            long output = range.addresses().read(descriptor);
            if (last || !tableOrPage) {
                long leaf = leaf(context, range, descriptor, output & -1L << shift, shift, restrictions);
                if (Leaf.isFault(leaf)) {
                    return leaf;
                }
                if (!Permissions.permitted(leaf, flags, context)) {
                    slot[TransactionSlots.ATTRIBUTES] = attributes(context, range, descriptor);
                    // what is not accessed is not cached
                    return DescriptorUpdate.isFresh(context, descriptor) ? Leaf.fault(EventId.F_PERMISSION, 0) : leaf;
                }
                long wanted = DescriptorUpdate.stage1(context, descriptor, Permissions.isWrite(flags));
                long updated = DescriptorUpdate.DONE;
                if (wanted != descriptor && TransactionSlots.fills(slot)) {
                    updated = update(second, pointer, address, descriptor, wanted, slot, began);
                    leaf = Leaf.written(leaf, flags);
                }
                slot[TransactionSlots.ATTRIBUTES] = attributes(context, range, descriptor);
                return updated == DescriptorUpdate.DONE ? leaf : updated;
            }
            if (output >>> range.outputBits() != 0) {
                return Leaf.fault(EventId.F_ADDR_SIZE, 0);
            }
            if (!range.flat()) {
                restrictions |= descriptor;
            }
            table = output;
        }
        throw new AssertionError("a walk ends at the last level");
    }

    // done, changed meanwhile, or a fault
    private long update(
            Stage2Context second, long pointer, long address, long descriptor, long wanted, long[] slot, long began) {
        if (second != null) {
            long permitted = stage2.update(second, pointer, slot, began);
            if (Leaf.isFault(permitted)) {
                return permitted;
            }
        }
        TransactionSlots.count(slot, TransactionSlots.WALK_UPDATE);
        long outcome = DescriptorUpdate.write(memory, address, descriptor, wanted);
        return outcome == EventId.F_WALK_EABT ? Leaf.fault(EventId.F_WALK_EABT, address) : outcome;
    }

    private static boolean isBlock(long descriptor, InputRange range, int level) {
        return Stage1Leaf.type(descriptor) == Stage1Leaf.TYPE_BLOCK
                && Granule.blockAllowed(range.granule(), level, range.largeBlocks());
    }

    private static int attributes(StreamContext context, InputRange range, long descriptor) {
        long shareability = range.addresses().replacesShareability() ? range.shareability() : Stage1Leaf.sh(descriptor);
        // a run whose leaves become dirty one by one is not one leaf
        boolean contiguous = Stage1Leaf.contiguous(descriptor) != 0 && !context.updatesDirty;
        int type = context.memoryType(Stage1Leaf.attrIndx(descriptor));
        return Attributes.of(type, shareability, contiguous);
    }

    private static long leaf(
            StreamContext context, InputRange range, long descriptor, long output, int log2size, long restrictions) {
        if (output >>> range.outputBits() != 0) {
            return Leaf.fault(EventId.F_ADDR_SIZE, 0);
        }
        if (Stage1Leaf.af(descriptor) == 0 && !context.accessFlagIgnored && !context.updatesAccess) {
            return Leaf.fault(EventId.F_ACCESS, 0);
        }
        long permissions = 0;
        boolean clean = DescriptorUpdate.isClean(context, descriptor);
        if (Stage1Leaf.apRdonly(descriptor) != 0 && !clean || TableDescriptor.apTableRdonly(restrictions) != 0) {
            permissions |= Leaf.READ_ONLY;
        } else if (clean) {
            permissions |= Leaf.CLEAN;
        }
        if (Stage1Leaf.apUnpriv(descriptor) != 0 && TableDescriptor.apTableNoUnpriv(restrictions) == 0) {
            permissions |= Leaf.UNPRIVILEGED;
        }
        if (Stage1Leaf.pxn(descriptor) != 0 || TableDescriptor.pxnTable(restrictions) != 0) {
            permissions |= Leaf.PRIVILEGED_EXECUTE_NEVER;
        }
        if (Stage1Leaf.uxn(descriptor) != 0 || TableDescriptor.uxnTable(restrictions) != 0) {
            permissions |= Leaf.UNPRIVILEGED_EXECUTE_NEVER;
        }
        if (Stage1Leaf.nG(descriptor) != 0) {
            permissions |= Leaf.NOT_GLOBAL;
        }
        return Leaf.of(output, log2size, permissions);
    }
}
