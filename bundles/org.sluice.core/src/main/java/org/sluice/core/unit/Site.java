package org.sluice.core.unit;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.sluice.api.FaultListener;
import org.sluice.api.SpaceState;
import org.sluice.core.fault.FaultWorkers;
import org.sluice.core.offer.Catalogue;
import org.sluice.core.space.Commons;
import org.sluice.core.space.Space;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.IommuHardware;

/** A board with its IOMMUs, and what these have in common: memory, the lock, who works for them. Any thread may call it. */
public final class Site {
    private final Board board;
    private final Commons commons;
    private final Catalogue catalogue;
    private final Executor later;
    private final List<FaultListener> listeners;
    private final FaultWorkers workers;
    private final DefaultPolicy policy;
    private final BoardLock lock = new BoardLock();
    private final List<Unit> units = new CopyOnWriteArrayList<>(); // constant once the board is bound

    /**
     * A board without IOMMUs yet.
     *
     * @param board the board
     * @param commons what spaces share
     * @param catalogue what the registry offers
     * @param later the swap thread
     * @param listeners who hears of faults
     * @param workers who repair faults
     * @param policy where devices go that nobody attached
     */
    public Site(
            Board board,
            Commons commons,
            Catalogue catalogue,
            Executor later,
            List<FaultListener> listeners,
            FaultWorkers workers,
            DefaultPolicy policy) {
        this.board = board;
        this.commons = commons;
        this.catalogue = catalogue;
        this.later = later;
        this.listeners = listeners;
        this.workers = workers;
        this.policy = policy;
    }

    /**
     * Adds the board's IOMMUs with the devices behind them; nobody drives them yet.
     *
     * @param firstGroup number of the first group
     * @return number for the next group
     */
    public int populate(int firstGroup) {
        int next = firstGroup;
        for (IommuHardware hardware : board.iommus()) {
            Unit unit = new Unit(this, hardware);
            next = unit.population().add(board.endpoints(), next);
            units.add(unit);
        }
        return next;
    }

    /**
     * Its IOMMUs.
     *
     * @return constant
     */
    public List<Unit> units() {
        return units;
    }

    Board board() {
        return board;
    }

    Commons commons() {
        return commons;
    }

    Catalogue catalogue() {
        return catalogue;
    }

    List<FaultListener> listeners() {
        return listeners;
    }

    FaultWorkers workers() {
        return workers;
    }

    DefaultPolicy policy() {
        return policy;
    }

    BoardLock lock() {
        return lock;
    }

    <T> T withLock(Supplier<T> action) {
        return lock.withLock(action);
    }

    /** Runs something on the swap thread, under the lock. */
    void later(Runnable action) {
        later.execute(() -> withLock(() -> {
            action.run();
            return null;
        }));
    }

    /** The same after a while. */
    void later(long millis, Runnable action) {
        workers.after(millis, () -> later(action));
    }

    /** Whether no page-fault handler works for a space, whose devices may be behind any of the IOMMUs. */
    boolean isQuiet(Space space) {
        return units.stream().allMatch(unit -> unit.faults().pages().isQuiet(space));
    }

    /** A page-fault handler has returned; somebody may wait for that in quarantine. */
    void handlerLeft() {
        if (units.stream().anyMatch(unit -> unit.quarantine().size() > 0)) {
            later(this::sweep);
        }
    }

    /**
     * Waits for page-fault handlers of spaces that were taken away, and frees what waited for them. Not under the lock: a
     * handler may want it.
     */
    void settle(Collection<? extends Space> taken) {
        List<? extends Space> ended = taken.stream()
                .filter(space -> space.state() == SpaceState.REVOKED)
                .toList();
        if (!ended.isEmpty() && !lock.isHeldByCaller()) {
            units.forEach(unit -> unit.faults().pages().awaitQuiet(ended::contains));
            withLock(() -> {
                sweep();
                return null;
            });
        }
    }

    /** Frees what a bundle that came has made free, on every IOMMU: a space waits at one for the driver of another. Under the lock. */
    public void sweep() {
        for (Unit unit : units) {
            if (unit.iommu() != null) {
                unit.sweep();
            }
        }
    }
}
