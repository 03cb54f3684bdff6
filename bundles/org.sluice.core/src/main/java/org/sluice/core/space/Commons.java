package org.sluice.core.space;

import java.util.concurrent.TimeUnit;
import org.sluice.core.gate.SwapGate;

/**
 * What all spaces of the platform share.
 *
 * @param gate counts operations in flight
 * @param gathers for strict unmaps
 * @param counters of table memory
 * @param timeouts how long is waited for what
 */
public record Commons(SwapGate gate, GatherPool gathers, TableCounters counters, Timeouts timeouts) {
    /**
     * Fresh ones.
     *
     * @param gateTimeoutMillis longest wait for a missing provider; 0 for none
     * @param drainTimeoutMillis longest wait for operations in flight
     * @return what spaces share
     */
    public static Commons of(long gateTimeoutMillis, long drainTimeoutMillis) {
        return new Commons(
                new SwapGate(),
                new GatherPool(),
                new TableCounters(),
                new Timeouts(gateTimeoutMillis, drainTimeoutMillis));
    }

    /**
     * Longest wait for a missing provider.
     *
     * @return ns
     */
    public long gateTimeoutNanos() {
        return timeouts.gateNanos();
    }

    /**
     * The same for messages.
     *
     * @return ms
     */
    public long gateTimeoutMillis() {
        return TimeUnit.NANOSECONDS.toMillis(timeouts.gateNanos());
    }

    /**
     * Longest wait for operations in flight.
     *
     * @return ns
     */
    public long drainTimeoutNanos() {
        return timeouts.drainNanos();
    }
}
