package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.sluice.driver.base.RateLimit;
import org.sluice.driver.base.UnitLog;
import org.sluice.spi.bus.InterruptLines;

/**
 * The thread of a unit: drains the event and page request queues and looks after global errors, when an interrupt says so and,
 * because a line that nobody listened to is not remembered, every now and then anyway.
 */
final class EventThread {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long JOIN_MILLIS = 2_000;

    private final List<QueueConsumer> queues;
    private final GlobalErrors errors;
    private final Runnable chores;
    private final UnitLog log;
    private final RateLimit failures = new RateLimit(System::nanoTime);
    private final Thread thread;
    private final List<InterruptLines.Subscription> subscriptions = new ArrayList<>();
    private final Set<EventThread> running;
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final Object turn = new Object();
    private volatile boolean paused;

    /**
     * A thread that does not run yet, but is woken by interrupts.
     *
     * @param lines names of the interrupt lines to listen to, any of which may concern any of it
     * @param chores what else is to be done at every wake-up
     * @param running the set that it is in while it runs
     */
    EventThread(
            String unit,
            InterruptLines interrupts,
            Set<String> lines,
            List<QueueConsumer> queues,
            GlobalErrors errors,
            Runnable chores,
            UnitLog log,
            Set<EventThread> running) {
        this.queues = List.copyOf(queues);
        this.errors = errors;
        this.chores = chores;
        this.log = log;
        this.running = running;
        this.thread = new Thread(this::run, "sluice-smmuv3-" + unit);
        thread.setDaemon(true);
        lines.forEach(line -> subscriptions.add(interrupts.subscribe(line, () -> LockSupport.unpark(thread))));
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
        subscriptions.forEach(InterruptLines.Subscription::close);
        queues.forEach(QueueConsumer::close);
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

    /**
     * Waits until every record that was queued before the call has been handled. Called by a handler, on this very thread, it
     * handles them first.
     *
     * @return false, with a line in the log, when no handler returned for a second
     */
    boolean awaitHandled() {
        long[] targets = queues.stream().mapToLong(QueueConsumer::produced).toArray();
        if (thread == Thread.currentThread()) {
            queues.forEach(QueueConsumer::drain);
            return true;
        }
        boolean all = true;
        for (int i = 0; i < targets.length; i++) {
            all &= awaitHandled(queues.get(i), targets[i]);
        }
        return all;
    }

    private boolean awaitHandled(QueueConsumer queue, long target) {
        long seen = queue.handled();
        long deadline = System.nanoTime() + Deadline.NANOS;
        for (int round = 0; seen < target && thread.isAlive(); round++) {
            LockSupport.unpark(thread);
            Deadline.pause(round);
            long now = queue.handled();
            if (now != seen) {
                seen = now;
                deadline = System.nanoTime() + Deadline.NANOS;
                round = 0;
            } else if (System.nanoTime() - deadline > 0) {
                log.error("a fault handler has not returned for 1 s: not waiting for " + (target - seen) + " records");
                return false;
            }
        }
        return true;
    }

    /** Touches no register from now on; waits until the thread is at rest. Called without the lock of the unit. */
    void pause() {
        paused = true;
        synchronized (turn) {
            // The thread holds it while it is at work.
            return;
        }
    }

    /** Goes on. */
    void unpause() {
        paused = false;
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!stopping.get()) {
            try {
                work();
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

    private void work() {
        synchronized (turn) {
            if (!paused) {
                errors.handle();
                queues.forEach(QueueConsumer::drain);
                chores.run();
            }
        }
    }
}
