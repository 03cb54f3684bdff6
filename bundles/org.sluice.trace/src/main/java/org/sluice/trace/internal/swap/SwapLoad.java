package org.sluice.trace.internal.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.trace.internal.machine.Machine;
import org.sluice.trace.internal.proof.PasidSpace;
import org.sluice.trace.internal.proof.Score;

/** Threads that keep DMA and mapping going while bundles are swapped. */
final class SwapLoad implements AutoCloseable {
    private static final long ROUNDS = 8;
    private static final long PATIENCE_MILLIS = 30_000;
    private static final long POLL_MILLIS = 2;

    private final List<SwapWorker> workers = new ArrayList<>();
    private final List<Long> pages = new ArrayList<>();
    private final PageAllocator allocator;
    private final Score score;

    SwapLoad(Machine machine, List<ReadingWorker.Place> places, List<PasidSpace> spaces, Score score) {
        this.allocator = machine.board().allocator();
        this.score = score;
        workers.add(new ReadingWorker(places, score));
        List<PasidSpace> mapped = mapped(spaces);
        for (PasidSpace space : mapped) {
            long page = allocator.allocate(PasidSpace.PAGE, PasidSpace.PAGE);
            pages.add(page);
            machine.faults().tolerate(space.stream().id(), space.pasid(), space.scratchIova() + MappingWorker.OFFSET);
            // the first does nothing that waits for a driver but its calls
            boolean provokes = space == mapped.get(mapped.size() - 1);
            workers.add(new MappingWorker(space, machine.board().memory(), page, provokes, score));
        }
        workers.forEach(SwapWorker::start);
    }

    /** The first and the last space, which belong to different streams if there are several. */
    private static List<PasidSpace> mapped(List<PasidSpace> spaces) {
        return spaces.size() < 2 ? spaces : List.of(spaces.get(0), spaces.get(spaces.size() - 1));
    }

    /** Transfers so far. */
    long transfers() {
        return workers.stream().mapToLong(SwapWorker::transfers).sum();
    }

    /** Waits until every worker did some more rounds; one that does not is a mismatch. */
    void awaitProgress(String when) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        for (SwapWorker worker : workers) {
            long goal = worker.rounds() + ROUNDS;
            while (worker.rounds() < goal && worker.isAlive() && System.nanoTime() - deadline < 0) {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
            if (worker.rounds() < goal) {
                score.mismatch(
                        worker.name() + " " + when,
                        "goes on",
                        worker.isAlive() ? "stuck for " + PATIENCE_MILLIS / 1000 + " s" : "ended");
            }
        }
    }

    /** Stops the threads; pages of one that does not stop stay with it. */
    @Override
    public void close() {
        boolean stopped = true;
        for (SwapWorker worker : workers) {
            if (!worker.stop(PATIENCE_MILLIS)) {
                stopped = false;
                score.mismatch(worker.name() + " after the swaps", "stops", "still in a call");
            }
        }
        if (stopped) {
            pages.forEach(page -> allocator.free(page, PasidSpace.PAGE));
        }
    }
}
