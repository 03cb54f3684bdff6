package org.sluice.trace.internal.swap;

import java.util.concurrent.atomic.AtomicLong;

/** A thread that does something over and over until it is told to stop, and counts. */
abstract class SwapWorker {
    /** Wrong answers that a worker reports: what goes wrong once goes wrong a million times. */
    private static final int MOST_COMPLAINTS = 100;

    private final AtomicLong rounds = new AtomicLong();
    private final AtomicLong transfers = new AtomicLong();
    private final Thread thread;
    private volatile boolean stop;
    private int complaints;

    SwapWorker(String name) {
        thread = new Thread(this::run, name);
        thread.setDaemon(true);
    }

    /** One round; counts its transfers with {@link #transferred}. An exception ends the worker. */
    abstract void round();

    /** The worker cannot go on. */
    abstract void failed(RuntimeException cause);

    final void start() {
        thread.start();
    }

    /** Asks it to stop and waits; tells whether it did. */
    final boolean stop(long millis) {
        stop = true;
        try {
            thread.join(millis);
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
    }

    final boolean isAlive() {
        return thread.isAlive();
    }

    final String name() {
        return thread.getName();
    }

    final long rounds() {
        return rounds.get();
    }

    final long transfers() {
        return transfers.get();
    }

    final void transferred() {
        transfers.incrementAndGet();
    }

    /** Whether this wrong answer is still to be reported. On the worker's own thread only. */
    final boolean complains() {
        return complaints++ < MOST_COMPLAINTS;
    }

    private void run() {
        try {
            while (!stop) {
                round();
                rounds.incrementAndGet();
            }
        } catch (RuntimeException cause) {
            failed(cause);
        }
    }
}
