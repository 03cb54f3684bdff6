package org.sluice.core.unit;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.sluice.core.space.Hold;

/**
 * The lock of a board: one for all its IOMMUs, because devices behind several of them may share a space.
 *
 * <p>It guards everything that attach, detach, PASID and close calls change, the ledgers of spaces, and the drivers' objects; map
 * and unmap never take it. Whoever holds it may wait for operations in flight (they do not need it) and for a missing bundle
 * (that gives it up meanwhile). It is never taken inside the swap gate.
 */
public final class BoardLock {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    BoardLock() {}

    /**
     * Runs something under it.
     *
     * @param action what
     * @param <T> its answer
     * @return its answer
     */
    <T> T withLock(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Runs something under it, if it is free in time: for the registry's callbacks, which must not wait long.
     *
     * @param action what
     * @param nanos longest wait
     * @return whether it ran
     */
    public boolean tryWithLock(Runnable action, long nanos) {
        try {
            if (!lock.tryLock(nanos, TimeUnit.NANOSECONDS)) {
                return false;
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
        try {
            action.run();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Whether this thread has it. */
    boolean isHeldByCaller() {
        return lock.isHeldByCurrentThread();
    }

    /** Wakes callers that wait for a bundle; by who holds it. */
    public void signal() {
        changed.signalAll();
    }

    /**
     * Waits, by who holds it; it is given up meanwhile.
     *
     * @param ready what is waited for
     * @param counts the hold that counts who waits, or null
     * @param nanos longest wait
     * @return whether it is ready; false after the time, or when the thread is interrupted, which it stays
     */
    boolean await(BooleanSupplier ready, Hold counts, long nanos) {
        long left = nanos;
        boolean counted = false;
        while (!ready.getAsBoolean()) {
            if (left <= 0) {
                return false;
            }
            if (!counted && counts != null) {
                counts.park();
                counted = true;
            }
            try {
                left = changed.awaitNanos(left);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }
}
