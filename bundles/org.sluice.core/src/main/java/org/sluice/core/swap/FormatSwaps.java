package org.sluice.core.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.sluice.api.SwapEvent;
import org.sluice.core.offer.Offer;
import org.sluice.core.offer.Offers;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.Space;
import org.sluice.core.space.SpaceLedger;
import org.sluice.core.space.TableSide;
import org.sluice.core.unit.Unit;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * Swaps of page-table formats. All spaces of a format, on every IOMMU, go over together or not at all.
 *
 * <p>{@link #left} is for the registry's callbacks and waits a bounded time; {@link #came} is for the swap thread.
 */
public final class FormatSwaps {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final Fleet fleet;
    private final Offers<PageTableFormat> offers;
    private final SwapThread thread;
    private final SwapReports reports;
    private final Map<String, Swap> held = new ConcurrentHashMap<>();

    /**
     * Nothing is held yet.
     *
     * @param fleet the IOMMUs
     * @param offers the formats that are there
     * @param thread the swap thread
     * @param reports where swaps are told
     */
    public FormatSwaps(Fleet fleet, Offers<PageTableFormat> offers, SwapThread thread, SwapReports reports) {
        this.fleet = fleet;
        this.offers = offers;
        this.thread = thread;
        this.reports = reports;
    }

    /**
     * A format's bundle leaves: closes its spaces, waits a bounded time for operations in flight, surveys the tables while the
     * code is still there. The offer was withdrawn before.
     *
     * @param provider who leaves
     */
    public void left(Provider provider) {
        // Also where it serves no space yet: whoever exchanged the bundle waits to hear of its successor.
        provider.keys().forEach(format -> held.computeIfAbsent(format, name -> begin(name, provider)));
        for (Unit unit : fleet.units()) {
            if (!unit.lock()
                    .tryWithLock(() -> close(unit, provider), fleet.commons().drainTimeoutNanos())) {
                thread.execute(() -> unit.withLock(() -> {
                    close(unit, provider);
                    return null;
                }));
            }
        }
        // Another bundle may offer the format as well.
        provider.keys().forEach(format -> thread.execute(() -> came(format)));
    }

    private void close(Unit unit, Provider provider) {
        List<TableSide> served = unit.spaces().stream()
                .map(space -> space.ledger().table())
                .filter(table -> table.isThere() && table.provider() == provider.serviceId())
                .toList();
        if (served.isEmpty()) {
            return;
        }
        for (TableSide table : served) {
            Swap swap = held.computeIfAbsent(table.format(), name -> begin(name, provider));
            table.close(swap.hold());
        }
        boolean quiet = fleet.drain();
        served.forEach(table -> table.surrender(quiet));
    }

    private static Swap begin(String format, Provider provider) {
        Swap swap = new Swap("page-table format " + format, provider);
        swap.to(SwapStep.QUIESCE);
        swap.to(SwapStep.DRAIN);
        swap.to(SwapStep.HELD);
        return swap;
    }

    /**
     * A format may be there now: lets the candidates take over what is held, best first.
     *
     * @param format name of the format
     */
    public void came(String format) {
        for (Offer<PageTableFormat> candidate : offers.candidates(format)) {
            Optional<SwapEvent> event = takeOver(format, candidate);
            event.ifPresent(reports::tell);
            if (event.isEmpty() || event.get().adopted()) {
                break;
            }
        }
        fleet.withAllLocks(() -> {
            fleet.units().forEach(Unit::sweep);
            fleet.units().forEach(Unit::applyDefaults);
            fleet.units().forEach(unit -> unit.lock().signal());
        });
    }

    /** How it ended; empty if nothing is held, or may not be given away yet. */
    private Optional<SwapEvent> takeOver(String format, Offer<PageTableFormat> candidate) {
        AtomicReference<SwapEvent> outcome = new AtomicReference<>();
        fleet.withAllLocks(() -> {
            Swap swap = held.get(format);
            if (swap != null && !swap.hasRefused(candidate.provider())) {
                List<SpaceLedger> waiting = waiting(format);
                if (waiting.stream().allMatch(SpaceLedger::drainAgain)) {
                    outcome.set(takeOver(swap, format, waiting, candidate));
                } else {
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "an operation is still inside {0}",
                            swap.old().describe());
                    thread.execute(() -> came(format));
                }
            }
        });
        return Optional.ofNullable(outcome.get());
    }

    private List<SpaceLedger> waiting(String format) {
        return fleet.units().stream()
                .flatMap(unit -> unit.spaces().stream())
                .map(Space::ledger)
                .filter(ledger ->
                        !ledger.table().isThere() && ledger.table().format().equals(format))
                .toList();
    }

    private SwapEvent takeOver(Swap swap, String format, List<SpaceLedger> waiting, Offer<PageTableFormat> candidate) {
        swap.to(SwapStep.ADOPT);
        List<PageTable> adopted = new ArrayList<>();
        try {
            for (SpaceLedger ledger : waiting) {
                adopted.add(ledger.table().adopt(candidate.service()));
            }
        } catch (RuntimeException refused) {
            return swap.refused(candidate.provider(), String.valueOf(refused.getMessage()));
        }
        swap.to(SwapStep.VERIFY);
        long leaves = 0;
        try {
            for (int i = 0; i < adopted.size(); i++) {
                leaves += waiting.get(i).table().verify(adopted.get(i));
            }
        } catch (RuntimeException refused) {
            return swap.refused(candidate.provider(), String.valueOf(refused.getMessage()));
        }
        swap.to(SwapStep.REBIND);
        for (int i = 0; i < adopted.size(); i++) {
            waiting.get(i).table().rebind(adopted.get(i), candidate.provider().serviceId());
        }
        swap.to(SwapStep.RESUME);
        waiting.forEach(SpaceLedger::open);
        SwapEvent event = swap.done(
                candidate.provider(),
                String.format("%d page tables with %d leaves adopted, surveys equal", adopted.size(), leaves));
        swap.to(SwapStep.SERVING);
        held.remove(format);
        return event;
    }
}
