package org.sluice.core.iova;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Alarms of flush queues and IOVA caches, on one thread that exists while there are any. */
public final class DmaClock implements Alarm, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");
    private static final long IDLE_SECONDS = 10;

    private final ScheduledThreadPoolExecutor executor;

    /** A clock without a thread yet. */
    public DmaClock() {
        executor = new ScheduledThreadPoolExecutor(1, action -> {
            Thread thread = new Thread(action, "sluice-dma");
            thread.setDaemon(true);
            return thread;
        });
        executor.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        executor.allowCoreThreadTimeOut(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    @Override
    public void set(long nanos, Runnable action) {
        if (!executor.isShutdown()) {
            executor.schedule(() -> ring(action), nanos, TimeUnit.NANOSECONDS);
        }
    }

    private static void ring(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException failed) {
            LOG.log(System.Logger.Level.WARNING, "deferred work of DMA mapping waits: {0}", failed.getMessage());
        }
    }

    /** Forgets every alarm. */
    @Override
    public void close() {
        executor.shutdownNow();
    }
}
