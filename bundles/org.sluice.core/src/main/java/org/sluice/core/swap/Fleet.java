package org.sluice.core.swap;

import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.core.space.Commons;
import org.sluice.core.unit.Unit;

/** Every IOMMU of every board. Any thread may call it. */
public final class Fleet {
    private final Commons commons;
    private final List<Unit> units = new CopyOnWriteArrayList<>();

    /**
     * None yet.
     *
     * @param commons what spaces share
     */
    public Fleet(Commons commons) {
        this.commons = commons;
    }

    /**
     * Its IOMMUs.
     *
     * @return a live list
     */
    public List<Unit> units() {
        return units;
    }

    Commons commons() {
        return commons;
    }

    /** Whether every operation that is inside now leaves in time. */
    boolean drain() {
        return commons.gate().drain(commons.drainTimeoutNanos());
    }

    /** Runs something under the locks of all IOMMUs, taken in the order of their names. */
    void withAllLocks(Runnable action) {
        List<Unit> ordered =
                units.stream().sorted(Comparator.comparing(Unit::name)).toList();
        withLocks(ordered, action);
    }

    private static void withLocks(List<Unit> rest, Runnable action) {
        if (rest.isEmpty()) {
            action.run();
        } else {
            rest.get(0).withLock(() -> {
                withLocks(rest.subList(1, rest.size()), action);
                return null;
            });
        }
    }
}
