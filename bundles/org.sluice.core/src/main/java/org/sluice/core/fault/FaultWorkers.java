package org.sluice.core.fault;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads that repair faults, for every IOMMU of the platform: few, and with a bounded queue before them, so that a device
 * that faults without end costs a bounded amount of everything. Threads come when there is work and go when there is none.
 */
public final class FaultWorkers implements AutoCloseable {
    private static final long IDLE_SECONDS = 10;

    private final ThreadPoolExecutor repairs;
    private final ScheduledThreadPoolExecutor clock;
    private final FaultCounters counters = new FaultCounters();
    private volatile long timeoutMillis;

    /**
     * No thread yet.
     *
     * @param threads how many repair at the same time, above 0
     * @param queue how many groups may wait, above 0
     * @param timeoutMillis longest time from a group's arrival to its answer
     */
    public FaultWorkers(int threads, int queue, long timeoutMillis) {
        this.repairs = new ThreadPoolExecutor(
                threads,
                threads,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(queue),
                named("sluice-fault-"));
        this.repairs.allowCoreThreadTimeOut(true);
        this.clock = new ScheduledThreadPoolExecutor(1, named("sluice-fault-clock-"));
        this.clock.setRemoveOnCancelPolicy(true);
        this.clock.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        this.clock.allowCoreThreadTimeOut(true);
        this.timeoutMillis = timeoutMillis;
    }

    private static ThreadFactory named(String prefix) {
        AtomicInteger count = new AtomicInteger();
        return work -> {
            Thread thread = new Thread(work, prefix + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /**
     * Changes the time-out of what arrives from now on.
     *
     * @param millis longest time from a group's arrival to its answer
     */
    public void setTimeout(long millis) {
        timeoutMillis = millis;
    }

    /**
     * Longest time from a group's arrival to its answer.
     *
     * @return ms
     */
    public long timeoutMillis() {
        return timeoutMillis;
    }

    /**
     * What became of page requests.
     *
     * @return the counters
     */
    public FaultCounters counters() {
        return counters;
    }

    /** Whether it was queued; false when too many wait, or the platform ends. */
    boolean submit(Runnable repair) {
        try {
            repairs.execute(repair);
            return true;
        } catch (RejectedExecutionException full) {
            return false;
        }
    }

    /** Runs something when the time is over; null once the platform ends. */
    ScheduledFuture<?> onTimeout(Runnable action) {
        return after(timeoutMillis, action);
    }

    /**
     * Runs something short later.
     *
     * @param millis when
     * @param action what
     * @return to cancel it; null once the platform ends
     */
    public ScheduledFuture<?> after(long millis, Runnable action) {
        try {
            return clock.schedule(action, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException closed) {
            return null;
        }
    }

    /** Ends the threads; what waits is not repaired any more. */
    @Override
    public void close() {
        clock.shutdownNow();
        repairs.shutdownNow();
    }
}
