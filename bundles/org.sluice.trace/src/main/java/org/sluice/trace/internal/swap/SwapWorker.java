package org.sluice.trace.internal.swap;

import java.util.concurrent.atomic.AtomicLong;

/** A thread that does something over and over until it is told to stop, and counts. */
abstract class SwapWorker {
    private final AtomicLong rounds = new AtomicLong();
    private final AtomicLong transfers = new AtomicLong();
    private final Thread thread;
    private volatile boolean stop;

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
