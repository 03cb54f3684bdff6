package org.sluice.smmuv2.model;

/** A bank that stalls, until software resumes it or clears what blocks it. Any thread; guarded by this. */
final class Stall {
    private boolean over;
    private boolean terminated;

    /** Ends it. */
    synchronized void end(boolean terminate) {
        over = true;
        terminated = terminate;
        notifyAll();
    }

    /** Waits for the end, without reacting to interrupts: only software ends a stall, as on a bus. Returns whether to terminate. */
    synchronized boolean await() {
        boolean interrupted = false;
        while (!over) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return terminated;
    }
}
