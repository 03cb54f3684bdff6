package org.sluice.smmuv2.model;

import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Counts transactions that are under way, so that a synchronisation can wait for those that began before it. Two counters
 * take turns: a drain closes one and waits until it is empty. Any thread.
 */
final class InFlight {
    private static final long PARK_NANOS = 20_000;

    private final LongAdder[] inside = {new LongAdder(), new LongAdder()};
    private volatile int phase;

    /** A transaction begins. Returns what {@link #leave} wants. */
    int enter() {
        while (true) {
            int now = phase;
            inside[now].increment();
            // a drain that came between has not seen this transaction
            if (phase == now) {
                return now;
            }
            inside[now].decrement();
        }
    }

    /** It ends; every access to memory that it made is done. */
    void leave(int entered) {
        inside[entered].decrement();
    }

    /** Waits until every transaction that had entered has left. Not from within a transaction. */
    synchronized void drain() {
        int closed = phase;
        phase = closed ^ 1;
        while (inside[closed].sum() != 0) {
            LockSupport.parkNanos(PARK_NANOS);
        }
    }
}
