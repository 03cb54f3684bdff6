package org.sluice.trace.internal.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongPredicate;
import org.sluice.api.IommuException;
import org.sluice.api.SwapEvent;
import org.sluice.spi.driver.IommuDriver;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.trace.SwapReport;
import org.sluice.trace.internal.books.TracedSpace;
import org.sluice.trace.internal.machine.Machine;
import org.sluice.trace.internal.machine.Stream;
import org.sluice.trace.internal.proof.PasidSpace;
import org.sluice.trace.internal.proof.Score;

/** Swaps the format bundle, then the driver bundle, while DMA and mapping go on. */
public final class SwapUnderLoad {
    /** What the boards' IOMMU is driven by, and the format that its stage 1 has. */
    static final List<SwapTarget> TARGETS = List.of(
            new SwapTarget(
                    PageTableFormat.class.getName(),
                    "(" + PageTableFormat.FORMAT + "=ARM_64_LPAE_S1)",
                    "page-table format ARM_64_LPAE_S1"),
            new SwapTarget(
                    IommuDriver.class.getName(), "(" + IommuDriver.COMPATIBLE + "=arm,smmu-v3)", "driver arm,smmu-v3"));

    private final String capture;
    private final Machine machine;
    private final Updates updates;
    private final Score score;

    /**
     * Swaps on one machine.
     *
     * @param capture name of the capture
     * @param machine a machine that runs
     * @param updates replaces bundles
     * @param score takes mismatches
     */
    public SwapUnderLoad(String capture, Machine machine, Updates updates, Score score) {
        this.capture = capture;
        this.machine = machine;
        this.updates = updates;
        this.score = score;
    }

    /**
     * Swaps both bundles, one after the other.
     *
     * @param streams what each translated stream must reach meanwhile, untagged
     * @param spaces private spaces that DMA and mapping use
     * @param affordable whether memory at a physical address may be written
     * @return a report per swap that ended
     */
    public List<SwapReport> run(Map<Stream, TracedSpace> streams, List<PasidSpace> spaces, LongPredicate affordable) {
        List<SwapReport> reports = new ArrayList<>();
        List<ReadingWorker.Place> places = new ReadingPlaces(machine.board().memory(), affordable).of(streams, spaces);
        try (SwapLoad load = new SwapLoad(machine, places, spaces, score)) {
            load.awaitProgress("before the swaps");
            for (SwapTarget target : TARGETS) {
                swap(target, load, reports);
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            score.mismatch("swaps", "run to their end", "interrupted");
        }
        return reports;
    }

    private void swap(SwapTarget target, SwapLoad load, List<SwapReport> reports) throws InterruptedException {
        long before = load.transfers();
        try {
            SwapEvent event = updates.update(target);
            long during = load.transfers() - before;
            if (!event.adopted()) {
                score.mismatch("swap of " + target.name(), "adopted", "refused: " + event.findings());
            }
            reports.add(new SwapReport(
                    capture,
                    event.bundle(),
                    event.oldVersion(),
                    event.newVersion(),
                    TimeUnit.NANOSECONDS.toMicros(event.pauseNanos()),
                    event.callsParked(),
                    during));
        } catch (IommuException cause) {
            score.mismatch("swap of " + target.name(), "adopted", cause.getMessage());
        }
        load.awaitProgress("after the swap of " + target.name());
    }
}
