package org.sluice.smmuv2.model;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.sluice.spi.bus.PlatformCalls;

/**
 * The machine around an SMMU: firmware that lets a TLB synchronisation wait for real-time clients, and a memory controller
 * that tags traffic with the boot loader's StreamID. Both end when software asks for it. Any thread.
 */
final class Surroundings implements PlatformCalls {
    /** What Tegra's memory controller tags traffic with until it is told otherwise. */
    static final int BOOT_STREAM = 0x7f;

    /** So often the status of a synchronisation says that it is not over. */
    private static final int POLLS = 64;

    private final boolean tagsTraffic;
    private final LongAdder waits;
    private final Set<Integer> overridden = ConcurrentHashMap.newKeySet();
    private final AtomicInteger polls = new AtomicInteger();
    private volatile boolean waitsForSafe;

    /**
     * Surroundings after a reset.
     *
     * @param defects what they do
     * @param waits counts reads of a status that said "not over"
     */
    Surroundings(Set<Defect> defects, LongAdder waits) {
        tagsTraffic = defects.contains(Defect.BOOT_STREAM_ID);
        waitsForSafe = defects.contains(Defect.WAIT_FOR_SAFE);
        this.waits = waits;
    }

    @Override
    public void waitForSafe(boolean on) {
        waitsForSafe = on;
    }

    @Override
    public void overrideStreams(List<Integer> streamIds) {
        overridden.addAll(streamIds);
    }

    /** The StreamID that a device's traffic arrives with. */
    int arriving(int streamId) {
        return tagsTraffic && !overridden.contains(streamId) ? BOOT_STREAM : streamId;
    }

    /** A synchronisation began. */
    void synchronising() {
        if (waitsForSafe) {
            polls.set(POLLS);
        }
    }

    /** Whether it is not over; asked by a read of its status. */
    boolean isSynchronising() {
        boolean active = polls.get() > 0 && polls.getAndDecrement() > 0;
        if (active) {
            waits.increment();
        }
        return active;
    }
}
