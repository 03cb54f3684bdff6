package org.sluice.driver.base;

import java.util.function.LongSupplier;

/** Lets a burst through per interval, as Linux's default rate limit: ten in five seconds. One thread. */
public final class RateLimit {
    private static final long INTERVAL_NANOS = 5_000_000_000L;
    private static final int BURST = 10;

    private final LongSupplier nanoTime;
    private long start;
    private int admitted;
    private long suppressed;

    /**
     * An unused limit.
     *
     * @param nanoTime a clock like {@link System#nanoTime}
     */
    public RateLimit(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.start = nanoTime.getAsLong();
    }

    /** Whether one more may pass now; otherwise it is counted. */
    public boolean admit() {
        long now = nanoTime.getAsLong();
        if (now - start >= INTERVAL_NANOS) {
            start = now;
            admitted = 0;
        }
        if (admitted < BURST) {
            admitted++;
            return true;
        }
        suppressed++;
        return false;
    }

    /** How many were turned away since this was asked last. */
    public long takeSuppressed() {
        long count = suppressed;
        suppressed = 0;
        return count;
    }
}
