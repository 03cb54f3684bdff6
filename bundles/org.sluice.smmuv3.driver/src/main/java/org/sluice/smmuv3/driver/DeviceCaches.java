package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.sluice.smmuv3.arch.CmdAtcInv;

/**
 * Invalidates what devices behind one SMMU cached (ATS). A device's cache is invalidated only when the TLB invalidations
 * before it are complete, or the device could fetch the old translation again.
 *
 * <p>The monitor of this object makes invalidations of device caches follow each other, so that a time-out is known to be of
 * one of those under way: there they are repeated device by device. Contexts without such devices never come here. Streams
 * that did not answer are kept until they are {@linkplain #settle settled}: whoever finds some sees to it, or waits, that they
 * are shut out before the memory that they may still reach is used for something else.
 */
final class DeviceCaches {
    private final CommandQueue queue;
    private final long[] range = new long[2]; // guarded by this: what is being invalidated, first and last byte
    private final Set<Integer> silent = new LinkedHashSet<>(); // guarded by this
    private volatile boolean anySilent;

    DeviceCaches(CommandQueue queue) {
        this.queue = queue;
    }

    /**
     * Completes a context's TLB invalidations, and then what it noted for devices' caches.
     *
     * @throws org.sluice.api.IommuException ETIMEDOUT; what was noted still is
     */
    synchronized void complete(UnitContext context) {
        boolean some = context.takeNoted(range);
        try {
            queue.sync();
            if (some) {
                invalidate(context.targets(), range[0], range[1]);
            }
        } catch (RuntimeException failure) {
            if (some) {
                context.note(range[0], range[1]);
            }
            throw failure;
        }
    }

    /**
     * Makes a device forget everything that it cached.
     *
     * @param streamIds its streams
     * @param substreamId SubstreamID, or {@link DeviceCommand#UNTAGGED} for what it cached for any
     */
    synchronized void forget(List<Integer> streamIds, int substreamId) {
        InvalidationList all = InvalidationList.of(streamIds.stream()
                .map(stream -> new Invalidation(Invalidation.Kind.ATS_FULL, stream, substreamId))
                .toList());
        invalidate(all, 0, -1L);
    }

    /**
     * Runs a guest's commands in their order, those for devices' caches once what was before is complete.
     *
     * @param guest confines each
     * @param commands two words a command; not changed
     * @return how many: all
     * @throws org.sluice.api.IommuException EIO from {@link GuestCommands#confine}; those before it were run
     */
    synchronized int run(GuestCommands guest, long[] commands) {
        long[] words = commands.clone();
        List<Invalidation> devices = new ArrayList<>();
        long before = queue.errors().deviceTimeouts();
        int count = words.length / 2;
        boolean synced = false;
        try {
            for (int i = 0; i < count; i++) {
                guest.confine(words, i);
                boolean forDevice = GuestCommands.isForDevice(words[2 * i]);
                if (forDevice && !synced) {
                    queue.sync();
                }
                synced = forDevice;
                if (forDevice) {
                    int stream = (int) CmdAtcInv.streamID(words[2 * i]);
                    devices.add(new Invalidation(Invalidation.Kind.ATS_FULL, stream, DeviceCommand.UNTAGGED));
                }
                queue.submit(words[2 * i], words[2 * i + 1]);
            }
        } finally {
            queue.sync();
            if (queue.errors().deviceTimeouts() != before) {
                findSilent(InvalidationList.of(devices), 0, -1L);
            }
        }
        return count;
    }

    /** Whether streams did not answer. */
    boolean hasSilent() {
        return anySilent;
    }

    /** The streams that did not answer and are not {@linkplain #settle settled}. */
    synchronized Set<Integer> silent() {
        return Set.copyOf(silent);
    }

    /** Streams that did not answer can do no harm any more. */
    synchronized void settle(Set<Integer> streams) {
        silent.removeAll(streams);
        anySilent = !silent.isEmpty();
    }

    private void invalidate(InvalidationList list, long first, long last) {
        long before = queue.errors().deviceTimeouts();
        for (int i = 0; i < list.size(); i++) {
            submit(list, i, first, last);
        }
        queue.sync();
        if (queue.errors().deviceTimeouts() != before) {
            findSilent(list, first, last);
        }
    }

    private void findSilent(InvalidationList list, long first, long last) {
        for (int i = 0; i < list.size(); i++) {
            long before = queue.errors().deviceTimeouts();
            submit(list, i, first, last);
            queue.sync();
            if (queue.errors().deviceTimeouts() != before) {
                silent.add(list.entry(i).id());
                anySilent = true;
            }
        }
    }

    private void submit(InvalidationList list, int index, long first, long last) {
        Invalidation entry = list.entry(index);
        if (list.users(index) > 0 && entry.isDeviceCache()) {
            boolean all = entry.kind() == Invalidation.Kind.ATS_FULL;
            queue.submit(
                    DeviceCommand.atcInv(entry.id(), entry.substreamId()),
                    DeviceCommand.atcInvRange(all ? 0 : first, all ? -1L : last));
        }
    }
}
