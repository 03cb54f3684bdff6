package org.sluice.smmuv3.driver;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** How one waits for the hardware: spin, then yield, then sleep, and never for ever. Stateless; nothing here allocates. */
final class Deadline {
    /** How long the hardware may make no progress, as Linux's {@code ARM_SMMU_POLL_TIMEOUT_US}. */
    static final long NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int SPINS = 64;
    private static final int YIELDS = 64;
    private static final long NAP_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

    private Deadline() {}

    /**
     * Waits a moment, longer when it was asked often.
     *
     * @param round how often the caller asked since it last saw progress
     */
    static void pause(int round) {
        if (round < SPINS) {
            Thread.onSpinWait();
        } else if (round < SPINS + YIELDS) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(NAP_NANOS);
        }
    }
}
