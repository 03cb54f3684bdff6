package org.sluice.core.space;

import java.util.concurrent.TimeUnit;
import org.sluice.core.event.Events;
import org.sluice.core.gate.SwapGate;
import org.sluice.core.iova.DmaClock;
import org.sluice.core.iova.FlushQueue;
import org.sluice.core.leak.Watch;

/**
 * What all spaces of the platform share.
 *
 * @param gate counts operations in flight
 * @param gathers for strict unmaps
 * @param counters of table memory
 * @param timeouts how long is waited for what
 * @param clock for deferred work of DMA mapping
 * @param flushBounds how much may wait for a flush in a domain of type DMA_FQ
 * @param events who is told of what happens
 * @param watch remembers who mapped what, while it is on
 */
public record Commons(
        SwapGate gate,
        GatherPool gathers,
        TableCounters counters,
        Timeouts timeouts,
        DmaClock clock,
        FlushQueue.Bounds flushBounds,
        Events events,
        Watch watch) {
    /**
     * Fresh ones.
     *
     * @param gateTimeoutMillis longest wait for a missing provider; 0 for none
     * @param drainTimeoutMillis longest wait for operations in flight
     * @return what spaces share
     */
    public static Commons of(long gateTimeoutMillis, long drainTimeoutMillis) {
        Events events = new Events();
        return new Commons(
                new SwapGate(),
                new GatherPool(),
                new TableCounters(),
                new Timeouts(gateTimeoutMillis, drainTimeoutMillis),
                new DmaClock(),
                FlushQueue.Bounds.PER_THREAD,
                events,
                new Watch(events));
    }

    /**
     * The same with other bounds of the flush queue.
     *
     * @param bounds how much may wait, and how long
     * @return what spaces share
     */
    public Commons withFlushBounds(FlushQueue.Bounds bounds) {
        return new Commons(gate, gathers, counters, timeouts, clock, bounds, events, watch);
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
