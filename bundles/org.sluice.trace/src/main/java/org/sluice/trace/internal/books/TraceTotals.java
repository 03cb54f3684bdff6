package org.sluice.trace.internal.books;

import java.util.HashMap;
import java.util.Map;

/** Sums over the events that were replayed, in total and per device. Not thread-safe. */
public final class TraceTotals {
    /** Sums. */
    public static final class Sums {
        private long maps;
        private long unmaps;
        private long bytes;

        /**
         * Map events.
         *
         * @return how many
         */
        public long maps() {
            return maps;
        }

        /**
         * Unmap events.
         *
         * @return how many
         */
        public long unmaps() {
            return unmaps;
        }

        /**
         * Bytes of the maps.
         *
         * @return bytes
         */
        public long bytes() {
            return bytes;
        }
    }

    private final Sums all = new Sums();
    private final Map<String, Sums> byDevice = new HashMap<>();
    private long withoutProt;
    private long unmapsOfHoles;

    void mapped(TracedDomain domain, long bytes, boolean protTold) {
        add(all, bytes);
        domain.devices().forEach(device -> add(of(device), bytes));
        withoutProt += protTold ? 0 : 1;
    }

    void unmapped(TracedDomain domain, boolean whole) {
        all.unmaps++;
        domain.devices().forEach(device -> of(device).unmaps++);
        unmapsOfHoles += whole ? 0 : 1;
    }

    /**
     * In total.
     *
     * @return the sums
     */
    public Sums all() {
        return all;
    }

    /**
     * Of the domains that a device was attached to.
     *
     * @param device name
     * @return the sums
     */
    public Sums of(String device) {
        return byDevice.computeIfAbsent(device, key -> new Sums());
    }

    /**
     * Maps whose permission the trace does not tell.
     *
     * @return how many
     */
    public long withoutProt() {
        return withoutProt;
    }

    /**
     * Unmaps of which the trace does not show the whole mapping.
     *
     * @return how many
     */
    public long unmapsOfHoles() {
        return unmapsOfHoles;
    }

    private static void add(Sums sums, long bytes) {
        sums.maps++;
        sums.bytes += bytes;
    }
}
