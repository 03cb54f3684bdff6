package org.sluice.trace.internal.books;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sluice.trace.Ambiguity;

/** Events that the trace leaves open, by reason. Not thread-safe. */
public final class Ambiguities {
    private final Map<String, Group> groups = new LinkedHashMap<>();

    private static final class Group {
        private final long firstLine;
        private long events;

        Group(long firstLine) {
            this.firstLine = firstLine;
        }
    }

    void add(long line, String reason) {
        groups.computeIfAbsent(reason, key -> new Group(line)).events++;
    }

    /**
     * How many events.
     *
     * @return their number
     */
    public long count() {
        return groups.values().stream().mapToLong(group -> group.events).sum();
    }

    /**
     * The events by reason.
     *
     * @param capture name of the capture
     * @return a group per reason
     */
    public List<Ambiguity> of(String capture) {
        List<Ambiguity> list = new ArrayList<>();
        groups.forEach((reason, group) -> list.add(new Ambiguity(capture, group.events, reason, group.firstLine)));
        return list;
    }
}
