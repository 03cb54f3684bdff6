package org.sluice.core.unit;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.sluice.api.Counters;
import org.sluice.api.ProviderMissingException;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.Commons;
import org.sluice.core.space.Hold;
import org.sluice.core.space.Space;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.quirk.HookedUnit;

/** Who drives an IOMMU, and waiting for somebody who does. It changes under the {@link BoardLock}. */
public final class Driving {
    private final String name;
    private final String compatible;
    private final Commons commons;
    private final BoardLock lock;
    private volatile IommuUnit iommu; // changed under the lock
    private boolean gone; // guarded by the lock
    private volatile Provider driver;
    private volatile Hold hold;
    private volatile String cause;

    Driving(String name, String compatible, Commons commons, BoardLock lock) {
        this.name = name;
        this.compatible = compatible;
        this.commons = commons;
        this.lock = lock;
        this.cause = "no bundle offers a driver for " + compatible;
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
     * Waits until the driver, and the drivers and page tables of some spaces, are there, all at once; under the lock, which is
     * given up while waiting: look again at everything that was checked before.
     */
    void requireWhole(Collection<? extends Space> wanted) {
        if (!await(() -> undriven(wanted).isEmpty() && withoutTable(wanted).isEmpty() || gone, anyHold(wanted))) {
            withoutTable(wanted).ifPresent(space -> {
                throw new ProviderMissingException(
                        "page-table format " + space.ledger().table().format(),
                        String.format(
                                "%s; waited up to %d ms for a bundle that offers it; %s stays as it is",
                                space.ledger().table().hold().cause(), commons.gateTimeoutMillis(), space.name()));
            });
        }
        undriven(wanted).ifPresent(other -> {
            throw other.driverMissing();
        });
    }

    private Hold anyHold(Collection<? extends Space> wanted) {
        return undriven(wanted)
                .map(other -> other.hold)
                .or(() ->
                        withoutTable(wanted).map(space -> space.ledger().table().hold()))
                .orElse(null);
    }

    /** This IOMMU, or one of those that translate some spaces, if nobody drives it. */
    private Optional<Driving> undriven(Collection<? extends Space> wanted) {
        return Stream.concat(
                        Stream.of(this),
                        wanted.stream()
                                .flatMap(space -> space.ledger().sides().stream())
                                .map(side -> Unit.of(side).driving()))
                .filter(driving -> driving.iommu == null)
                .findFirst();
    }

    private static Optional<? extends Space> withoutTable(Collection<? extends Space> wanted) {
        return wanted.stream()
                .filter(space -> space.ledger().table().hold() != null)
                .findFirst();
    }

    boolean await(BooleanSupplier ready, Hold counts) {
        return lock.await(ready, counts, commons.gateTimeoutNanos());
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
            lock.signal();
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

    /** What the driver counts since it serves; for any thread. */
    Map<String, Long> counters() {
        return iommu instanceof Counters counts ? counts.read() : Map.of();
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
