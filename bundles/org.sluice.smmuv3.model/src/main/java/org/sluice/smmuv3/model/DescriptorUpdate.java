package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;

/**
 * What the device itself writes into a leaf descriptor (HTTU, IHI 0070 section 3.13): the access flag, and the dirty state
 * of a descriptor that DBM marks as writable. It never clears AF or S2AP[1], never sets AP[2], never touches DBM.
 *
 * <p>An update is one compare-and-set, so software that changes the descriptor at the same time loses nothing; when it
 * loses the race, the walk begins anew. Stateless; any thread.
 */
final class DescriptorUpdate {
    /** Answer of {@link #write}: it is done. */
    static final long DONE = 0;
    /** Answer of {@link #write}: somebody changed the descriptor meanwhile. No leaf is so small. */
    static final long CHANGED = 1;

    // software that writes the same descriptor without end, or a memory without compare-and-set, must not hold a walk
    private static final int MAX_WALKS = 1 << 16;

    private DescriptorUpdate() {}

    /** Whether a walk that met {@link #CHANGED} so often gives up, with an external abort. */
    static boolean hopeless(int walks) {
        return walks >= MAX_WALKS;
    }

    /** What the walk of a stage 1 makes of a leaf whose access is permitted. */
    static long stage1(StreamContext context, long descriptor, boolean write) {
        if (!context.updatesAccess) {
            return descriptor;
        }
        long accessed = descriptor | Stage1Leaf.AF_MASK;
        boolean dirties = write && isClean(context, descriptor);
        return dirties ? accessed & ~Stage1Leaf.AP_RDONLY_MASK : accessed;
    }

    /** Whether a stage-1 leaf is without the access flag that the device is to set. */
    static boolean isFresh(StreamContext context, long descriptor) {
        return context.updatesAccess && Stage1Leaf.af(descriptor) == 0;
    }

    /** Whether a stage-2 leaf is without the access flag that the device is to set. */
    static boolean isFresh(Stage2Context context, long descriptor) {
        return context.updatesAccess() && Stage2Leaf.af(descriptor) == 0;
    }

    /** Whether a stage-1 leaf is writable, but for a write that makes it dirty. */
    static boolean isClean(StreamContext context, long descriptor) {
        return context.updatesDirty && Stage1Leaf.dbm(descriptor) != 0 && Stage1Leaf.apRdonly(descriptor) != 0;
    }

    /** What the walk of a stage 2 makes of a leaf whose access is permitted. */
    static long stage2(Stage2Context context, long descriptor, boolean write) {
        if (!context.updatesAccess()) {
            return descriptor;
        }
        long accessed = descriptor | Stage2Leaf.AF_MASK;
        boolean dirties = write && isClean(context, descriptor);
        return dirties ? accessed | Stage2Leaf.S2AP_W_MASK : accessed;
    }

    /** Whether a stage-2 leaf is writable, but for a write that makes it dirty. */
    static boolean isClean(Stage2Context context, long descriptor) {
        return context.updatesDirty() && Stage2Leaf.dbm(descriptor) != 0 && Stage2Leaf.s2apW(descriptor) == 0;
    }

    /**
     * Writes it.
     *
     * @param address physical address
     * @return {@link #DONE}, {@link #CHANGED} or the event number of an external abort
     */
    static long write(PhysicalMemory memory, long address, long descriptor, long wanted) {
        try {
            return memory.compareAndSet64(address, descriptor, wanted) ? DONE : CHANGED;
        } catch (MemoryAbortException e) {
            return EventId.F_WALK_EABT;
        }
    }
}
