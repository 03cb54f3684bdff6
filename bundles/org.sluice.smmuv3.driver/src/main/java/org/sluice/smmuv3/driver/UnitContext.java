package org.sluice.smmuv3.driver;

import org.sluice.spi.driver.TranslationContext;

/**
 * A context of this driver: the invalidations by its tag, and the list of what else must be invalidated with it. Any thread
 * may invalidate; the list is changed under the unit's lock.
 */
abstract class UnitContext implements TranslationContext {
    private final CommandQueue queue;
    private final DeviceShutOut devices;
    private final Object noted = new Object();
    private long notedFirst; // guarded by noted
    private long notedLast; // guarded by noted
    private boolean anyNoted; // guarded by noted
    private volatile InvalidationList targets = InvalidationList.EMPTY;

    UnitContext(CommandQueue queue, DeviceShutOut devices) {
        this.queue = queue;
        this.devices = devices;
    }

    /** Stage: 1, or 2 also for a guest's stage 1 over it. */
    abstract int stage();

    /** ASID or VMID. */
    abstract int tag();

    /** Whether there is something to walk. */
    abstract boolean isInstalled();

    /** Whether it is, or rests on, another one. */
    boolean rests(UnitContext on) {
        return this == on;
    }

    /** Queues the invalidation of everything in the SMMU. */
    abstract void submitAll();

    /** Queues the invalidation of a range in the SMMU; see {@link #invalidate}. */
    abstract void submitRange(long iova, long size, long granule, boolean leafOnly);

    /** What must be invalidated for a device that is attached. */
    abstract InvalidationList needs(ClientDevice device, int substreamId);

    /** What must be invalidated now. */
    InvalidationList targets() {
        return targets;
    }

    /** Adds what an attachment needs; before the SMMU can see the attachment. */
    void join(InvalidationList more) {
        targets = targets.plus(more);
    }

    /** Takes it out again; after the SMMU has forgotten the attachment. */
    void leave(InvalidationList less) {
        targets = targets.minus(less).purged();
    }

    /** Queue of the SMMU. */
    final CommandQueue queue() {
        return queue;
    }

    @Override
    public final void invalidateAll() {
        submitAll();
        noteForDevices(0, -1L);
        sync();
    }

    @Override
    public final void invalidate(long iova, long size, long granule, boolean leafOnly) {
        submitRange(iova, size, granule, leafOnly);
        noteForDevices(iova, iova + size - 1);
    }

    @Override
    public final void sync() {
        if (targets().hasDeviceCaches()) {
            devices.caches().complete(this);
            devices.shutOutSilent();
        } else {
            queue.sync();
        }
    }

    /** Remembers that devices' caches must forget a range once the TLBs have. */
    final void note(long first, long last) {
        synchronized (noted) {
            boolean any = anyNoted;
            notedFirst = any && Long.compareUnsigned(notedFirst, first) < 0 ? notedFirst : first;
            notedLast = any && Long.compareUnsigned(notedLast, last) > 0 ? notedLast : last;
            anyNoted = true;
        }
    }

    /** Moves what was noted to an array; false when there was nothing. */
    final boolean takeNoted(long[] range) {
        synchronized (noted) {
            range[0] = notedFirst;
            range[1] = notedLast;
            boolean any = anyNoted;
            anyNoted = false;
            return any;
        }
    }

    /**
     * The commands are in the queue, behind a full fence, before the list is read. So a device that is not in it yet cannot
     * begin to cache before they are complete: its attachment syncs the queue after it has published the list.
     */
    private void noteForDevices(long first, long last) {
        if (targets().hasDeviceCaches()) {
            note(first, last);
        }
    }
}
