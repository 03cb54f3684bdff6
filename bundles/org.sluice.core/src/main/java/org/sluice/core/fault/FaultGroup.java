package org.sluice.core.fault;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.sluice.api.PageFault;
import org.sluice.spi.driver.PageRequest;

/**
 * Page requests that get one answer. Guarded by the lock of {@link PageFaults}.
 *
 * <pre>
 *   COLLECTING ──last──▶ QUEUED ──▶ RUNNING ──▶ DONE
 *       │                  └──aborted, too late──▶ DONE
 *       └──discarded: nobody waits for an answer before the last
 * </pre>
 *
 * <p>It is answered when it is repaired, aborted or too late, whichever is first: {@link #answered} is set once. A handler that
 * still runs then keeps it RUNNING, so that whoever frees what the handler uses can wait.
 */
final class FaultGroup {
    /** Where it is. */
    enum State {
        COLLECTING,
        QUEUED,
        RUNNING,
        DONE
    }

    /** What tells groups apart while they are collected. */
    record Key(FaultLine line, PageRequest.Kind kind, int number) {}

    final Key key;
    final List<PageFault> faults = new ArrayList<>();
    State state = State.COLLECTING;
    Repair repair;
    PageRequest last;
    boolean answered;
    Thread worker;
    Future<?> clock;

    FaultGroup(Key key) {
        this.key = key;
    }

    FaultLine line() {
        return key.line();
    }

    void stopClock() {
        if (clock != null) {
            clock.cancel(false);
            clock = null;
        }
    }
}
