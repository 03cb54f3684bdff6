package org.sluice.smmuv3.driver;

import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.sluice.spi.bus.InterruptLines;

/**
 * The thread of a unit: drains the event queue and looks after global errors, when an interrupt says so and, because a line
 * that nobody listened to is not remembered, every now and then anyway.
 */
final class EventThread {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long JOIN_MILLIS = 2_000;

    private final EventQueue events;
    private final GlobalErrors errors;
    private final FaultReporter reporter;
    private final UnitLog log;
    private final RateLimit failures = new RateLimit(System::nanoTime);
    private final Thread thread;
    private final InterruptLines.Subscription eventLine;
    private final InterruptLines.Subscription errorLine;
    private final Set<EventThread> running;
    private final AtomicBoolean stopping = new AtomicBoolean();

    /** Position up to which every record was consumed and its handler returned. */
    private volatile long handled;

    /** How many records are being handled: more than one when a handler detaches a PASID. This thread only. */
    private int depth;

    EventThread(
            String unit,
            InterruptLines lines,
            EventQueue events,
            GlobalErrors errors,
            FaultReporter reporter,
            UnitLog log,
            Set<EventThread> running) {
        this.events = events;
        this.errors = errors;
        this.reporter = reporter;
        this.log = log;
        this.running = running;
        this.handled = events.consumed();
        this.thread = new Thread(this::run, "sluice-smmuv3-" + unit);
        thread.setDaemon(true);
        this.eventLine = lines.subscribe("eventq", () -> LockSupport.unpark(thread));
        this.errorLine = lines.subscribe("gerror", () -> LockSupport.unpark(thread));
    }

    /** Begins, and joins the set of those that run. */
    void start() {
        running.add(this);
        thread.start();
    }

    /**
     * Ends: no interrupt is served any more, and the thread is gone, or told so if a handler of it takes too long. Once is
     * enough, again is harmless.
     */
    void stop() {
        if (!stopping.compareAndSet(false, true)) {
            return;
        }
        running.remove(this);
        eventLine.close();
        errorLine.close();
        events.close();
        LockSupport.unpark(thread);
        if (thread == Thread.currentThread()) {
            return;
        }
        boolean interrupted = false;
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(JOIN_MILLIS);
        while (thread.isAlive() && System.nanoTime() - deadline < 0) {
            try {
                thread.join(JOIN_MILLIS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (thread.isAlive()) {
            log.error("thread " + thread.getName() + " did not end within " + JOIN_MILLIS + " ms");
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The queue that it drains. */
    EventQueue queue() {
        return events;
    }

    /**
     * Waits until every event that was recorded before the call has been handled. Called by a handler, on this very thread,
     * it handles them first. Gives up, with a line in the log, when no handler returns for a second.
     */
    void awaitHandled() {
        long target = events.produced();
        if (thread == Thread.currentThread()) {
            drain();
            return;
        }
        long seen = handled;
        long deadline = System.nanoTime() + Deadline.NANOS;
        for (int round = 0; seen < target && thread.isAlive(); round++) {
            LockSupport.unpark(thread);
            Deadline.pause(round);
            long now = handled;
            if (now != seen) {
                seen = now;
                deadline = System.nanoTime() + Deadline.NANOS;
                round = 0;
            } else if (System.nanoTime() - deadline > 0) {
                log.error("a fault handler has not returned for 1 s: not waiting for " + (target - seen) + " events");
                return;
            }
        }
    }

    private void run() {
        while (!stopping.get()) {
            try {
                errors.handle();
                drain();
            } catch (RuntimeException failure) {
                if (failures.admit()) {
                    log.error("the event thread met " + failure);
                }
            }
            if (!stopping.get()) {
                LockSupport.parkNanos(this, POLL_NANOS);
            }
        }
    }

    private void drain() {
        events.drain(this::handle);
    }

    private void handle(EventRecord event) {
        depth++;
        try {
            reporter.accept(event);
        } finally {
            depth--;
            if (depth == 0) {
                handled = events.consumed();
            }
        }
    }
}
