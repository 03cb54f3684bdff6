package org.sluice.core.leak;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.sluice.api.FaultEvent;
import org.sluice.api.MappingTrace;
import org.sluice.api.MappingWatch;
import org.sluice.api.Topics;
import org.sluice.core.event.Events;

/**
 * The books of {@link MappingWatch}: who mapped what is mapped, and who unmapped what was until lately. One lock guards them;
 * nobody takes it while the watch is off. It calls nobody with the lock held.
 */
public final class Watch implements MappingWatch {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");
    private static final int REMEMBERED = 4096;
    private static final int LISTED = 20;
    private static final Comparator<MappingTrace> BY_SPACE_AND_IOVA =
            Comparator.comparing(MappingTrace::space).thenComparing(MappingTrace::iova, Long::compareUnsigned);

    private final Events events;
    /** By identity of the space: names need not be unique. */
    private final Map<Object, NavigableMap<Long, MappingTrace>> live = new IdentityHashMap<>(); // guarded by this

    private final Deque<Unmapped> unmapped = new ArrayDeque<>(); // guarded by this; the latest first
    private volatile boolean on;

    private record Unmapped(Object space, MappingTrace trace) {}

    /**
     * Off.
     *
     * @param events is told of what was found
     */
    public Watch(Events events) {
        this.events = events;
    }

    @Override
    public boolean isOn() {
        return on;
    }

    @Override
    public synchronized void setOn(boolean wanted) {
        on = wanted;
        if (!wanted) {
            live.clear();
            unmapped.clear();
        }
    }

    /**
     * Something was mapped; the caller's callers are remembered. Only while the watch is on.
     *
     * @param space the space
     * @param name its name
     * @param iova bytes
     * @param size bytes
     */
    public void mapped(Object space, String name, long iova, long size) {
        MappingTrace trace = new MappingTrace(name, iova, size, Callers.describe(), "");
        synchronized (this) {
            if (on) {
                live.computeIfAbsent(space, key -> new TreeMap<>(Long::compareUnsigned))
                        .put(iova, trace);
            }
        }
    }

    /**
     * Something was unmapped; what remains of mappings at either side stays.
     *
     * @param space the space
     * @param iova bytes
     * @param size bytes that were unmapped
     */
    public void unmapped(Object space, long iova, long size) {
        if (size != 0) {
            remove(space, iova, size, Callers.describe());
        }
    }

    /**
     * What was just mapped is the core's own, and ends with the space.
     *
     * @param space the space
     * @param iova bytes
     * @param size bytes
     */
    public void exempt(Object space, long iova, long size) {
        remove(space, iova, size, null);
    }

    private void remove(Object space, long iova, long size, String who) {
        synchronized (this) {
            NavigableMap<Long, MappingTrace> of = live.get(space);
            if (!on || of == null) {
                return;
            }
            long last = iova + size - 1;
            Long from = of.floorKey(iova);
            NavigableMap<Long, MappingTrace> touched = of.subMap(from == null ? iova : from, true, last, true);
            for (MappingTrace trace : List.copyOf(touched.values())) {
                if (trace.contains(iova) || Long.compareUnsigned(trace.iova(), iova) >= 0) {
                    of.remove(trace.iova());
                    split(space, of, trace, iova, last, who);
                }
            }
        }
    }

    private void split(
            Object space, NavigableMap<Long, MappingTrace> of, MappingTrace trace, long iova, long last, String who) {
        long end = trace.iova() + trace.size() - 1;
        long from = Long.compareUnsigned(trace.iova(), iova) > 0 ? trace.iova() : iova;
        long to = Long.compareUnsigned(end, last) < 0 ? end : last;
        if (from != trace.iova()) {
            of.put(trace.iova(), part(trace, trace.iova(), from - 1, ""));
        }
        if (to != end) {
            of.put(to + 1, part(trace, to + 1, end, ""));
        }
        if (who != null) {
            unmapped.addFirst(new Unmapped(space, part(trace, from, to, who)));
            if (unmapped.size() > REMEMBERED) {
                unmapped.removeLast();
            }
        }
    }

    private static MappingTrace part(MappingTrace trace, long from, long to, String unmappedBy) {
        return new MappingTrace(trace.space(), from, to - from + 1, trace.mappedBy(), unmappedBy);
    }

    /**
     * A space ended: what is mapped in it was forgotten.
     *
     * @param space the space
     * @param name its name
     */
    public void ended(Object space, String name) {
        NavigableMap<Long, MappingTrace> leaked;
        synchronized (this) {
            leaked = live.remove(space);
            unmapped.removeIf(one -> one.space == space);
        }
        if (leaked == null || leaked.isEmpty()) {
            return;
        }
        long bytes = leaked.values().stream().mapToLong(MappingTrace::size).sum();
        String first = leaked.firstEntry().getValue().describe();
        LOG.log(
                System.Logger.Level.WARNING,
                "{0} ended with {1} mappings of {2} bytes that nobody unmapped",
                name,
                leaked.size(),
                bytes);
        leaked.values().stream()
                .limit(LISTED)
                .forEach(trace -> LOG.log(System.Logger.Level.WARNING, "leaked: {0}", trace.describe()));
        int mappings = leaked.size();
        events.post(Topics.LEAK, () -> Map.of("space", name, "mappings", mappings, "bytes", bytes, "first", first));
    }

    /**
     * A DMA faulted: says so if that memory was unmapped lately.
     *
     * @param space that it went to
     * @param event the fault
     */
    public void faulted(Object space, FaultEvent event) {
        MappingTrace found;
        synchronized (this) {
            found = unmapped.stream()
                    .filter(one -> one.space == space && one.trace.contains(event.iova()))
                    .map(Unmapped::trace)
                    .findFirst()
                    .orElse(null);
        }
        if (found == null) {
            return;
        }
        LOG.log(
                System.Logger.Level.WARNING,
                "{0} of {1} at 0x{2} hit memory that was unmapped: {3}",
                event.write() ? "a write" : "a read",
                event.device(),
                Long.toHexString(event.iova()),
                found.describe());
        events.post(
                Topics.USE_AFTER_UNMAP,
                () -> Map.of(
                        "iommu", event.iommu(),
                        "device", event.device(),
                        "iova", event.iova(),
                        "mapped", found.mappedBy(),
                        "unmapped", found.unmappedBy()));
    }

    @Override
    public synchronized List<MappingTrace> live() {
        return live.values().stream()
                .flatMap(of -> of.values().stream())
                .sorted(BY_SPACE_AND_IOVA)
                .toList();
    }

    @Override
    public synchronized List<MappingTrace> unmapped() {
        return unmapped.stream().map(Unmapped::trace).toList();
    }
}
