package org.sluice.core.swap;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The one thread that probes, adopts and verifies, so that callbacks of the registry never do. What is posted after the end
 * is dropped: there is nothing left to swap.
 */
public final class SwapThread implements Executor, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");
    private static final long LAST_WORDS_SECONDS = 5;

    private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> {
        Thread made = new Thread(work, "sluice-swap");
        made.setDaemon(true);
        return made;
    });

    /** Starts with the first task. */
    public SwapThread() {}

    @Override
    public void execute(Runnable task) {
        try {
            thread.execute(() -> run(task));
        } catch (RejectedExecutionException ended) {
            LOG.log(System.Logger.Level.DEBUG, "the core has stopped, a task was dropped");
        }
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException failed) {
            LOG.log(System.Logger.Level.ERROR, "a task of the swap thread failed", failed);
        }
    }

    @Override
    public void close() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(LAST_WORDS_SECONDS, TimeUnit.SECONDS)) {
                LOG.log(System.Logger.Level.WARNING, "the swap thread did not end in {0} s", LAST_WORDS_SECONDS);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
