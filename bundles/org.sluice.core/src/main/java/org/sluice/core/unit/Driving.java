package org.sluice.core.unit;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.sluice.api.ProviderMissingException;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.Commons;
import org.sluice.core.space.Hold;
import org.sluice.core.space.Space;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.quirk.HookedUnit;

/**
 * Who drives an IOMMU, the lock under which that changes, and waiting for somebody who does.
 *
 * <p>The lock guards everything that attach, detach, PASID and close calls change on this IOMMU, the ledger of its spaces, and
 * the driver's object; map and unmap never take it. Whoever holds it may wait for operations in flight (they do not need it)
 * and for a missing bundle (that gives it up meanwhile). It is never taken inside the swap gate.
 */
public final class Driving {
    private final String name;
    private final String compatible;
    private final Commons commons;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile IommuUnit iommu; // changed under the lock
    private boolean gone; // guarded by lock
    private volatile Provider driver;
    private volatile Hold hold;
    private volatile String cause;

    Driving(String name, String compatible, Commons commons) {
        this.name = name;
        this.compatible = compatible;
        this.commons = commons;
        this.cause = "no bundle offers a driver for " + compatible;
    }

    /**
     * Runs something under the lock of this IOMMU.
     *
     * @param action what
     * @param <T> its answer
     * @return its answer
     */
    public <T> T withLock(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Runs something under the lock, if the lock is free in time: for the registry's callbacks, which must not wait long.
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

    /** Whether this thread has the lock. */
    boolean isHeldByCaller() {
        return lock.isHeldByCurrentThread();
    }

    /** Wakes callers that wait for a bundle; under the lock. */
    public void signal() {
        changed.signalAll();
    }

    /**
     * The driver's object, waiting for it as long as the gate allows; under the lock, which is given up while waiting: look
     * again at everything that was checked before.
     *
     * @return the object
     * @throws ProviderMissingException no driver came in time
     */
    IommuUnit serving() {
        await(() -> iommu != null || gone, hold);
        if (iommu == null) {
            throw driverMissing();
        }
        return iommu;
    }

    private ProviderMissingException driverMissing() {
        return new ProviderMissingException(
                "driver " + compatible,
                String.format(
                        "%s; waited up to %d ms for a bundle that drives %s; everything stays as it is",
                        cause, commons.gateTimeoutMillis(), name));
    }

    /**
     * Waits until the driver and the page tables of some spaces are there, all at once; under the lock, which is given up
     * while waiting: look again at everything that was checked before.
     */
    void requireWhole(Collection<? extends Space> wanted) {
        if (!await(() -> iommu != null && withoutTable(wanted).isEmpty() || gone, anyHold(wanted))) {
            withoutTable(wanted).ifPresent(space -> {
                throw new ProviderMissingException(
                        "page-table format " + space.ledger().format(),
                        String.format(
                                "%s; waited up to %d ms for a bundle that offers it; %s stays as it is",
                                space.ledger().tableHold().cause(), commons.gateTimeoutMillis(), space.name()));
            });
        }
        if (iommu == null) {
            throw driverMissing();
        }
    }

    private Hold anyHold(Collection<? extends Space> wanted) {
        return hold != null
                ? hold
                : withoutTable(wanted).map(space -> space.ledger().tableHold()).orElse(null);
    }

    private static Optional<? extends Space> withoutTable(Collection<? extends Space> wanted) {
        return wanted.stream()
                .filter(space -> space.ledger().tableHold() != null)
                .findFirst();
    }

    boolean await(BooleanSupplier ready, Hold counts) {
        long left = commons.gateTimeoutNanos();
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

    /**
     * The driver's object; under the lock.
     *
     * @return null while there is none
     */
    public IommuUnit iommu() {
        return iommu;
    }

    /**
     * Who drives it.
     *
     * @return null while nobody does
     */
    public Provider driver() {
        return driver;
    }

    /**
     * Takes or leaves a driver; under the lock.
     *
     * @param object of the driver, or null
     * @param provider who that is, or null
     */
    public void serve(IommuUnit object, Provider provider) {
        iommu = object;
        driver = provider;
        if (object != null) {
            hold = null;
            cause = "";
            signal();
        }
    }

    /**
     * Notes that a driver left; under the lock.
     *
     * @param why the hold of its spaces
     */
    public void hold(Hold why) {
        hold = why;
        cause = why.cause();
    }

    /**
     * Why nobody drives it.
     *
     * @return the hold; null if nobody ever did, or somebody does
     */
    public Hold hold() {
        return hold;
    }

    /**
     * Says why there is still no driver.
     *
     * @param why in words
     */
    public void blame(String why) {
        cause = why;
    }

    /**
     * Why it is not driven.
     *
     * @return in words; empty if it is
     */
    public String cause() {
        return cause;
    }

    /** The vendor hooks that the driver uses at the moment, in words; for any thread. */
    List<String> hooks() {
        return iommu instanceof HookedUnit hooked
                ? hooked.hooks().stream()
                        .map(applied -> applied.name() + ": " + applied.reason())
                        .toList()
                : List.of();
    }

    /** The driver in words. */
    String driverName() {
        Provider now = driver;
        return now == null ? "none" : now.describe();
    }

    /** Nobody will drive it any more: board or core go. Under the lock. */
    void end() {
        gone = true;
    }
}
