package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.vmsa.arch.Stage2Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/**
 * The stage-2 walk of VMSAv8-64, with the order of faults of {@link PageTableWalk}, and the updates of
 * {@link DescriptorUpdate}. Any thread; at most five reads, unless software changes the leaf at the same time.
 */
final class Stage2Walk {
    // MemAttr[3:2] = 0
    private static final int DEVICE_LIMIT = 4;
    // XN of two bits: unprivileged and privileged execution differ when they do
    private static final long XN_HIGH = 2;
    private static final long XN_LOW = 1;

    private final PhysicalMemory memory;
    private final Trace trace;

    /** Walks that tell a trace of each descriptor; null for nobody. */
    Stage2Walk(PhysicalMemory memory, Trace trace) {
        this.memory = memory;
        this.trace = trace;
    }

    /**
     * Walks.
     *
     * @param ipa an address that the context covers
     * @param clazz CLASS of a fault
     * @param flags of the access
     * @param slot of this thread; receives the leaf's {@link Attributes}; no update without fills
     * @return a {@link Leaf}, which need not permit the access, or its fault
     */
    long walk(Stage2Context context, long ipa, long clazz, int flags, long[] slot) {
        long outcome;
        int walks = 0;
        do {
            outcome = descend(context, ipa, clazz, flags, slot);
        } while (outcome == DescriptorUpdate.CHANGED && !DescriptorUpdate.hopeless(++walks));
        return outcome == DescriptorUpdate.CHANGED
                ? Leaf.stage2Fault(EventId.F_WALK_EABT, context.root(), clazz)
                : outcome;
    }

    private long descend(Stage2Context context, long ipa, long clazz, int flags, long[] slot) {
        int granule = context.granule();
        int perLevel = Granule.bitsPerLevel(granule);
        int shift = Granule.shift(granule, context.startLevel());
        long table = context.root();
        // all bits above: the root may be several tables
        long index = ipa >>> shift;
        for (int level = context.startLevel(); ; level++) {
            long address = table + index * Long.BYTES;
            long descriptor;
            try {
                TransactionSlots.count(slot, TransactionSlots.WALK_READ);
                descriptor = memory.read64Acquire(address);
            } catch (MemoryAbortException e) {
                return Leaf.stage2Fault(EventId.F_WALK_EABT, address, clazz);
            }
            if (trace != null) {
                trace.descriptor(2, level, address, descriptor);
            }
            boolean last = level == Granule.LAST_LEVEL;
            boolean tableOrPage = TableDescriptor.type(descriptor) == TableDescriptor.TYPE_TABLE;
            boolean block = Stage2Leaf.type(descriptor) == Stage2Leaf.TYPE_BLOCK;
            if (!tableOrPage && (last || !block || !Granule.blockAllowed(granule, level, context.largeBlocks()))) {
                return Leaf.stage2Fault(EventId.F_TRANSLATION, ipa, clazz);
            }
            long output = context.addresses().read(descriptor);
            boolean leaf = last || !tableOrPage;
            if (leaf) {
                output &= -1L << shift;
            }
            if (output >>> context.outputBits() != 0) {
                return Leaf.stage2Fault(EventId.F_ADDR_SIZE, ipa, clazz);
            }
            if (leaf) {
                slot[TransactionSlots.ATTRIBUTES] = memoryAttributes(context, descriptor);
                boolean accessed =
                        Stage2Leaf.af(descriptor) != 0 || context.accessFlagIgnored() || context.updatesAccess();
                if (!accessed) {
                    return Leaf.stage2Fault(EventId.F_ACCESS, ipa, clazz);
                }
                long found = Leaf.of(output, shift, attributes(context, descriptor));
                if (!Permissions.permittedByStage2(found, flags)) {
                    // what is not accessed is not cached
                    return DescriptorUpdate.isFresh(context, descriptor)
                            ? Leaf.stage2Fault(EventId.F_PERMISSION, ipa, clazz)
                            : found;
                }
                long wanted = DescriptorUpdate.stage2(context, descriptor, Permissions.isWrite(flags));
                if (wanted == descriptor || !TransactionSlots.fills(slot)) {
                    return found;
                }
                TransactionSlots.count(slot, TransactionSlots.WALK_UPDATE);
                long updated = DescriptorUpdate.write(memory, address, descriptor, wanted);
                if (updated == EventId.F_WALK_EABT) {
                    return Leaf.stage2Fault(EventId.F_WALK_EABT, address, clazz);
                }
                return updated == DescriptorUpdate.DONE ? Leaf.written(found, flags) : updated;
            }
            table = output;
            shift -= perLevel;
            index = ipa >>> shift & (1L << perLevel) - 1;
        }
    }

    private static int memoryAttributes(Stage2Context context, long descriptor) {
        long shareability =
                context.addresses().replacesShareability() ? context.shareability() : Stage2Leaf.sh(descriptor);
        // a run whose leaves become dirty one by one is not one leaf
        boolean contiguous = Stage2Leaf.contiguous(descriptor) != 0 && !context.updatesDirty();
        return Attributes.of((int) Stage2Leaf.memAttr(descriptor), shareability, contiguous);
    }

    private static long attributes(Stage2Context context, long descriptor) {
        // nothing is denied that stage 1 decides
        long attributes = Leaf.UNPRIVILEGED | Leaf.NOT_GLOBAL;
        if (Stage2Leaf.s2apR(descriptor) == 0) {
            attributes |= Leaf.STAGE2_NO_READ;
        }
        if (DescriptorUpdate.isClean(context, descriptor)) {
            attributes |= Leaf.CLEAN;
        } else if (Stage2Leaf.s2apW(descriptor) == 0) {
            attributes |= Leaf.STAGE2_NO_WRITE;
        }
        if (Stage2Leaf.memAttr(descriptor) < DEVICE_LIMIT) {
            attributes |= Leaf.STAGE2_DEVICE;
        }
        long xn = Stage2Leaf.xn(descriptor) & (context.executeNeverByPrivilege() ? XN_HIGH | XN_LOW : XN_HIGH);
        if (xn == XN_HIGH || xn == XN_LOW) {
            attributes |= Leaf.STAGE2_PRIVILEGED_EXECUTE_NEVER;
        }
        if (xn >= XN_HIGH) {
            attributes |= Leaf.STAGE2_UNPRIVILEGED_EXECUTE_NEVER;
        }
        return attributes;
    }
}
