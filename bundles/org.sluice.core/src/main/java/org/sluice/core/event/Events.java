package org.sluice.core.event;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultListener;
import org.sluice.api.SwapEvent;
import org.sluice.api.SwapListener;
import org.sluice.api.Topics;

/**
 * Counts what happens and tells it to whoever listens. Without a listener an event is one increment; its properties are not
 * even collected. Any thread may call it, with locks held: it takes none and waits for nobody.
 */
public final class Events implements FaultListener, SwapListener {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final List<EventSink> sinks = new CopyOnWriteArrayList<>();
    private final Map<String, LongAdder> counts = new LinkedHashMap<>(); // constant keys

    /** Nobody listens yet. */
    public Events() {
        Topics.ALL.forEach(topic -> counts.put(topic, new LongAdder()));
    }

    /**
     * Who listens.
     *
     * @return a list to add to and remove from
     */
    public List<EventSink> sinks() {
        return sinks;
    }

    /**
     * Something happened.
     *
     * @param topic one of {@link Topics}
     * @param properties called only if somebody listens
     */
    public void post(String topic, Supplier<Map<String, Object>> properties) {
        counts.get(topic).increment();
        Map<String, Object> told = null;
        for (EventSink sink : sinks) {
            if (!sink.isHeard()) {
                continue;
            }
            told = told == null ? properties.get() : told;
            try {
                sink.post(topic, told);
            } catch (RuntimeException failed) {
                LOG.log(System.Logger.Level.WARNING, "{0} could not be told: {1}", topic, failed.toString());
            }
        }
    }

    /**
     * How often what happened.
     *
     * @param into gets {@code event.} and the last part of each topic in lower case
     */
    public void count(Map<String, Long> into) {
        counts.forEach((topic, count) ->
                into.put("event." + topic.substring(Topics.PREFIX.length()).toLowerCase(Locale.ROOT), count.sum()));
    }

    @Override
    public void faulted(FaultEvent event) {
        post(
                Topics.FAULT,
                () -> Map.of(
                        "iommu", event.iommu(),
                        "device", event.device(),
                        "pasid", event.pasid(),
                        "iova", event.iova(),
                        "reason", event.reason().name(),
                        "record", event.name(),
                        "write", event.write(),
                        "stalled", event.stalled()));
    }

    @Override
    public void swapped(SwapEvent event) {
        post(
                Topics.SWAP,
                () -> Map.of(
                        "service", event.service(),
                        "bundle", event.bundle(),
                        "from", event.oldVersion(),
                        "to", event.newVersion(),
                        "adopted", event.adopted(),
                        "findings", event.findings()));
    }
}
