package org.sluice.core.space;

import java.util.concurrent.TimeUnit;
import org.sluice.core.gate.SwapGate;

/**
 * What all spaces of the platform share.
 *
 * @param gate counts operations in flight
 * @param gathers for strict unmaps
 * @param counters of table memory
 * @param gateTimeoutNanos longest wait for a missing provider
 * @param drainTimeoutNanos longest wait for operations in flight
 */
public record Commons(
        SwapGate gate, GatherPool gathers, TableCounters counters, long gateTimeoutNanos, long drainTimeoutNanos) {
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
                TimeUnit.MILLISECONDS.toNanos(gateTimeoutMillis),
                TimeUnit.MILLISECONDS.toNanos(drainTimeoutMillis));
    }

    /**
     * The gate's time in words.
     *
     * @return milliseconds
     */
    public long gateTimeoutMillis() {
        return TimeUnit.NANOSECONDS.toMillis(gateTimeoutNanos);
    }
}
