package org.sluice.board.model;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Counts uses of something that is about to be taken away, in two phases: whoever waits turns the phase, and then only for
 * those of the phase before, which has no newcomers. Any thread; entering and leaving never wait. A use must end without
 * the help of whoever waits for it.
 */
final class UsesInFlight {
    // the phases' counters are cache lines apart
    private static final int STRIDE = 16;
    private static final int SPINS = 100;
    private static final long PARK_NANOS = 20_000;

    private final AtomicIntegerArray counts = new AtomicIntegerArray(2 * STRIDE);
    private volatile int phase;

    /** A use begins. What it looks at afterwards is not older than what a wait that turned the phase before has changed. */
    int enter() {
        while (true) {
            int entered = phase & 1;
            counts.incrementAndGet(entered * STRIDE);
            if ((phase & 1) == entered) {
                return entered;
            }
            // the phase turned in between: nobody waits for this one, or somebody waits in vain
            counts.decrementAndGet(entered * STRIDE);
        }
    }

    /** It ends. */
    void leave(int entered) {
        counts.decrementAndGet(entered * STRIDE);
    }

    /** Waits until every use that began before this call has ended. */
    synchronized void await() {
        int before = phase & 1;
        phase++;
        for (int spins = 0; counts.get(before * STRIDE) != 0; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(PARK_NANOS);
            }
        }
    }
}
