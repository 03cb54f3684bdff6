package org.sluice.core.fault;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultResponse;
import org.sluice.api.PageFault;
import org.sluice.core.gate.SwapGate;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.PageResponseOperations;

/**
 * Repairable faults of one IOMMU: partial ones wait for the last of their group; a worker repairs the group; it is answered
 * exactly once.
 *
 * <p>Any thread may call it. Its lock is a leaf: nothing is called and nothing is waited for under it, except the look-up
 * that says who repairs, so the event thread never sleeps here and a detach can wait for handlers while they map.
 */
public final class PageFaults {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    /** Partial requests of one IOMMU that may wait for the last of their group. */
    static final int MAX_PARTIAL = 1024;

    private final FaultWorkers workers;
    private final FaultCounters counters;
    private final Responder responder;
    private final Consumer<FaultEvent> unrepaired;
    private final Runnable onQuiet;
    private final Consumer<FaultLine> onTimeout;
    private final Map<FaultGroup.Key, FaultGroup> collecting = new HashMap<>(); // guarded by this
    private final List<FaultGroup> complete = new ArrayList<>(); // guarded by this; QUEUED and RUNNING
    private int partial; // guarded by this

    /**
     * Nothing is under way.
     *
     * @param workers who repairs
     * @param gate around calls of the driver
     * @param unrepaired told of each fault that a handler could not repair
     * @param onQuiet called when a handler has left that somebody may wait for
     * @param onTimeout told where a fault came from that was not repaired, or not asked for in full, in time
     */
    public PageFaults(
            FaultWorkers workers,
            SwapGate gate,
            Consumer<FaultEvent> unrepaired,
            Runnable onQuiet,
            Consumer<FaultLine> onTimeout) {
        this.workers = workers;
        this.counters = workers.counters();
        this.responder = new Responder(gate);
        this.unrepaired = unrepaired;
        this.onQuiet = onQuiet;
        this.onTimeout = onTimeout;
    }

    /**
     * Takes or leaves the driver's object.
     *
     * @param operations of the driver that serves now; null when none does, or it cannot answer
     */
    public void serve(PageResponseOperations operations) {
        responder.serve(operations);
    }

    /**
     * Takes a request. Called on the event thread.
     *
     * @param line where it comes from
     * @param request what the driver decoded
     * @param event the same for clients
     * @param who looks up who repairs; null for nobody. Called under the lock of this object, so that a request is either seen
     *     by an {@link #abort} or finds that its owner is gone.
     * @return whether the group will be answered
     */
    public boolean take(FaultLine line, PageRequest request, FaultEvent event, Supplier<Repair> who) {
        counters.requests.increment();
        FaultGroup group;
        synchronized (this) {
            Repair repair = responder.isAble() ? who.get() : null;
            FaultGroup.Key key = new FaultGroup.Key(line, request.kind(), request.group());
            if (!request.last()) {
                return repair != null && collect(key, request, event);
            }
            group = collecting.remove(key);
            if (group == null) {
                group = new FaultGroup(key);
            } else {
                partial -= group.faults.size();
                group.stopClock();
            }
            if (repair == null) {
                counters.unhandled.increment();
                counters.discarded.add(group.faults.size());
                return false;
            }
            group.faults.add(new PageFault(event, request.read()));
            group.last = request;
            group.repair = repair;
            group.state = FaultGroup.State.QUEUED;
            complete.add(group);
        }
        return start(group);
    }

    private boolean collect(FaultGroup.Key key, PageRequest request, FaultEvent event) {
        if (partial >= MAX_PARTIAL) {
            // The device asks again for what it still misses when the rest of the group was answered.
            counters.discarded.increment();
            return false;
        }
        FaultGroup group = collecting.get(key);
        if (group == null) {
            group = new FaultGroup(key);
            collecting.put(key, group);
            FaultGroup late = group;
            group.clock = workers.onTimeout(() -> discard(late));
        }
        group.faults.add(new PageFault(event, request.read()));
        partial++;
        return true;
    }

    private boolean start(FaultGroup group) {
        counters.groups.increment();
        if (!workers.submit(() -> run(group))) {
            synchronized (this) {
                complete.remove(group);
                if (group.answered) {
                    return true;
                }
                group.answered = true;
                group.state = FaultGroup.State.DONE;
            }
            counters.groups.decrement();
            counters.rejected.increment();
            return false;
        }
        synchronized (this) {
            if (group.state != FaultGroup.State.DONE) {
                group.clock = workers.onTimeout(() -> tooLate(group));
            }
        }
        return true;
    }

    /**
     * Forgets every group whose last request has not come: some were lost, and the hardware has answered their groups. A group
     * that is not over is only asked for in part then, and the device asks again for the rest.
     *
     * @return how many requests were forgotten
     */
    public synchronized int discardPartial() {
        int forgotten = partial;
        forget(line -> true);
        return forgotten;
    }

    /** Under the lock. */
    private void forget(Predicate<FaultLine> lines) {
        collecting.values().removeIf(group -> {
            boolean match = lines.test(group.line());
            if (match) {
                group.stopClock();
                partial -= group.faults.size();
                counters.discarded.add(group.faults.size());
            }
            return match;
        });
    }

    private void discard(FaultGroup group) {
        synchronized (this) {
            if (!collecting.remove(group.key, group)) {
                return;
            }
            partial -= group.faults.size();
            counters.discarded.add(group.faults.size());
        }
        counters.timeouts.increment();
        onTimeout.accept(group.line());
    }

    private void tooLate(FaultGroup group) {
        if (claimAnswer(group)) {
            counters.timeouts.increment();
            onTimeout.accept(group.line());
            send(group, PageResponse.INVALID);
            LOG.log(
                    System.Logger.Level.WARNING,
                    "a page fault of {0} was not repaired within {1} ms, its access fails",
                    group.line(),
                    workers.timeoutMillis());
        }
    }

    private void run(FaultGroup group) {
        synchronized (this) {
            if (group.state != FaultGroup.State.QUEUED) {
                return;
            }
            group.state = FaultGroup.State.RUNNING;
            group.worker = Thread.currentThread();
        }
        PageResponse response = PageResponse.SUCCESS;
        try {
            response = repair(group);
        } finally {
            boolean first;
            synchronized (this) {
                first = !group.answered;
                group.answered = true;
                group.stopClock();
            }
            if (first) {
                send(group, response);
            }
            finish(group);
        }
    }

    /** The first fault that cannot be repaired decides for the group. */
    private PageResponse repair(FaultGroup group) {
        for (PageFault fault : group.faults) {
            FaultResponse response = ask(group.repair, fault);
            if (response != FaultResponse.RETRY) {
                unrepaired.accept(fault.event());
                return PageResponse.INVALID;
            }
        }
        return PageResponse.SUCCESS;
    }

    private static FaultResponse ask(Repair repair, PageFault fault) {
        try {
            return repair.handler().handle(fault);
        } catch (RuntimeException failed) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the page-fault handler of {0} failed: {1}",
                    repair.owner(),
                    failed.toString());
            return FaultResponse.UNHANDLED;
        }
    }

    private void finish(FaultGroup group) {
        synchronized (this) {
            group.state = FaultGroup.State.DONE;
            group.worker = null;
            complete.remove(group);
            notifyAll();
        }
        onQuiet.run();
    }

    /** Whether the caller is the one who answers. A group that no worker has begun is over with it. */
    private synchronized boolean claimAnswer(FaultGroup group) {
        if (group.answered) {
            return false;
        }
        group.answered = true;
        group.stopClock();
        if (group.state == FaultGroup.State.QUEUED) {
            group.state = FaultGroup.State.DONE;
            complete.remove(group);
        }
        return true;
    }

    private void send(FaultGroup group, PageResponse response) {
        counters.answered(response);
        responder.answer(group.last, response);
    }

    /**
     * Answers every group of a device and PASID, and forgets what was collected: the PASID was detached or moved. Handlers
     * that run are left to run; see {@link #awaitQuiet}.
     *
     * @param line what was detached, after the hardware's queues were drained
     * @param response what the device is told
     */
    public void abort(FaultLine line, PageResponse response) {
        abort(line::equals, response);
    }

    private void abort(Predicate<FaultLine> lines, PageResponse response) {
        List<FaultGroup> open;
        synchronized (this) {
            forget(lines);
            open = complete.stream()
                    .filter(group -> lines.test(group.line()) && !group.answered)
                    .toList();
        }
        for (FaultGroup group : open) {
            if (claimAnswer(group)) {
                send(group, response);
            }
        }
    }

    /**
     * Whether no handler works for an owner.
     *
     * @param owner as {@link Repair#owner}
     * @return true when none does
     */
    public synchronized boolean isQuiet(Object owner) {
        return complete.stream().noneMatch(group -> group.repair.owner() == owner);
    }

    /**
     * Waits until no handler works for some owners, the one that calls this excepted. Not to be called with a lock that a
     * handler may want.
     *
     * @param owners by identity
     * @return whether they are quiet; false after the time-out of faults, or when the thread is interrupted, which it stays
     */
    public boolean awaitQuiet(Predicate<Object> owners) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(workers.timeoutMillis());
        synchronized (this) {
            while (complete.stream()
                    .anyMatch(group -> group.worker != Thread.currentThread() && owners.test(group.repair.owner()))) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    return false;
                }
                try {
                    wait(left);
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * Groups that wait or are being repaired, and partial requests.
     *
     * @return a count; 0 when nothing is under way
     */
    public synchronized int pending() {
        return complete.size() + partial;
    }

    /** Answers everything with FAILURE: the IOMMU goes, nobody serves these devices any more. */
    public void close() {
        abort(line -> true, PageResponse.FAILURE);
        responder.serve(null);
        responder.forget();
    }
}
