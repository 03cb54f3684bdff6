package org.sluice.core.fake;

import java.util.ArrayList;
import java.util.List;

/** What happened, in order: lines of words. */
public final class Journal {
    private final List<String> lines = new ArrayList<>();
    private volatile boolean open = true;

    public synchronized void add(String line, Object... values) {
        if (open) {
            lines.add(values.length == 0 ? line : String.format(line, values));
        }
    }

    public synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    public synchronized void clear() {
        lines.clear();
    }

    /** Stops writing, for tests that do very much. */
    public void close() {
        open = false;
    }

    /** Lines that start with one of these words. */
    public List<String> of(String... starts) {
        return lines().stream()
                .filter(line -> List.of(starts).stream().anyMatch(line::startsWith))
                .toList();
    }
}
