package org.sluice.trace.internal.machine;

import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultListener;

/**
 * Every fault that one IOMMU reports: counted by type, and sorted into those that a check provoked and those that nobody
 * expected. One thread at a time provokes; events arrive on the IOMMU's event thread or, of faults
 * that nobody could repair, on a worker of the core.
 */
public final class FaultLog implements FaultListener {
    private static final long PAGE = 4096;
    private static final int KEPT = 20;

    private final String iommu;
    private final SortedMap<String, Long> byName = new TreeMap<>();
    private final Set<Place> provoked = new HashSet<>();
    private final Set<FaultEvent> unexpected = new HashSet<>();
    private long unexpectedCount;
    private Place awaited;
    private FaultEvent found;

    private record Place(int streamId, int pasid, long page) {
        static Place of(int streamId, int pasid, long iova) {
            return new Place(streamId, pasid, iova & -PAGE);
        }
    }

    /**
     * A log of one IOMMU.
     *
     * @param iommu its name; events of others are ignored
     */
    public FaultLog(String iommu) {
        this.iommu = iommu;
    }

    @Override
    public synchronized void faulted(FaultEvent event) {
        if (!event.iommu().equals(iommu)) {
            return;
        }
        byName.merge(event.name(), 1L, Long::sum);
        Place place = Place.of(event.streamId(), event.pasid(), event.iova());
        if (found == null && place.equals(awaited)) {
            found = event;
            notifyAll();
        }
        if (!provoked.contains(place)) {
            unexpectedCount++;
            if (unexpected.size() < KEPT) {
                unexpected.add(event);
            }
        }
    }

    /**
     * Announces that faults will be provoked whose records nobody waits for.
     *
     * @param streamId StreamID
     * @param pasid PASID, or {@link FaultEvent#NO_PASID}
     * @param iova where, in bytes
     */
    public synchronized void tolerate(int streamId, int pasid, long iova) {
        provoked.add(Place.of(streamId, pasid, iova));
    }

    /**
     * Announces that the caller is about to provoke a fault.
     *
     * @param streamId StreamID
     * @param pasid PASID, or {@link FaultEvent#NO_PASID}
     * @param iova where, in bytes
     */
    public synchronized void expect(int streamId, int pasid, long iova) {
        await(Place.of(streamId, pasid, iova));
    }

    /**
     * Announces that the caller is about to provoke a fault whose record carries no address.
     *
     * @param streamId StreamID
     * @param pasid PASID
     */
    public synchronized void expectWithoutAddress(int streamId, int pasid) {
        await(Place.of(streamId, pasid, 0));
    }

    private void await(Place place) {
        awaited = place;
        provoked.add(place);
        found = null;
    }

    /**
     * Waits for the record of the fault that was announced.
     *
     * @param millis how long at most
     * @return the first such event; empty if none came
     */
    public synchronized Optional<FaultEvent> await(long millis) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        try {
            for (long left = millis; found == null && left > 0; left = millisUntil(deadline)) {
                wait(left);
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        Optional<FaultEvent> event = Optional.ofNullable(found);
        awaited = null;
        return event;
    }

    /**
     * Events by type.
     *
     * @return counts, a snapshot
     */
    public synchronized SortedMap<String, Long> byName() {
        return new TreeMap<>((Map<String, Long>) byName);
    }

    /**
     * Events that no check provoked.
     *
     * @return how many
     */
    public synchronized long unexpectedCount() {
        return unexpectedCount;
    }

    /**
     * Some of the events that no check provoked.
     *
     * @return at most 20, a snapshot
     */
    public synchronized Set<FaultEvent> unexpected() {
        return Set.copyOf(unexpected);
    }

    private static long millisUntil(long deadline) {
        return TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    }
}
