package org.sluice.core.space;

import java.util.concurrent.TimeUnit;

/** How long is waited for what; may be changed at any time, by any thread. */
public final class Timeouts {
    private volatile long gateNanos;
    private volatile long drainNanos;

    /**
     * Times to begin with.
     *
     * @param gateMillis as {@link #set}
     * @param drainMillis as {@link #set}
     */
    public Timeouts(long gateMillis, long drainMillis) {
        set(gateMillis, drainMillis);
    }

    /**
     * Changes both; whoever waits already goes on with the old ones.
     *
     * @param gateMillis longest wait for a missing provider; 0 for none
     * @param drainMillis longest wait for operations in flight
     */
    public void set(long gateMillis, long drainMillis) {
        gateNanos = TimeUnit.MILLISECONDS.toNanos(gateMillis);
        drainNanos = TimeUnit.MILLISECONDS.toNanos(drainMillis);
    }

    /**
     * Longest wait for a missing provider.
     *
     * @return ns
     */
    public long gateNanos() {
        return gateNanos;
    }

    /**
     * Longest wait for operations in flight.
     *
     * @return ns
     */
    public long drainNanos() {
        return drainNanos;
    }
}
