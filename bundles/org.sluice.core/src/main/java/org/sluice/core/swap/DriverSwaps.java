package org.sluice.core.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.SwapEvent;
import org.sluice.api.Topics;
import org.sluice.core.offer.Offer;
import org.sluice.core.offer.Offers;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.HardwareSide;
import org.sluice.core.space.SpaceLedger;
import org.sluice.core.unit.Unit;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.IommuDriver;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.TranslationContext;

/**
 * Probes IOMMUs when a driver comes first, and swaps drivers afterwards: an IOMMU that was ever driven is adopted, never reset.
 *
 * <p>{@link #left} is for the registry's callbacks and waits a bounded time; {@link #came} is for the swap thread.
 */
public final class DriverSwaps {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final Fleet fleet;
    private final Offers<IommuDriver> offers;
    private final SwapThread thread;
    private final SwapReports reports;
    private final Map<String, Swap> held = new ConcurrentHashMap<>();

    /**
     * Nothing is held yet.
     *
     * @param fleet the IOMMUs
     * @param offers the drivers that are there
     * @param thread the swap thread
     * @param reports where swaps are told
     */
    public DriverSwaps(Fleet fleet, Offers<IommuDriver> offers, SwapThread thread, SwapReports reports) {
        this.fleet = fleet;
        this.offers = offers;
        this.thread = thread;
        this.reports = reports;
    }

    /**
     * A driver's bundle leaves: closes every space of its IOMMUs, waits a bounded time for operations in flight, takes the
     * hand-over. The offer was withdrawn before.
     *
     * @param provider who leaves
     */
    public void left(Provider provider) {
        for (Unit unit : fleet.units()) {
            if (!unit.lock()
                    .tryWithLock(() -> close(unit, provider), fleet.commons().drainTimeoutNanos())) {
                thread.execute(() -> unit.withLock(() -> {
                    close(unit, provider);
                    return null;
                }));
            }
        }
        provider.keys().forEach(compatible -> thread.execute(() -> came(compatible)));
    }

    private void close(Unit unit, Provider provider) {
        Provider serving = unit.driving().driver();
        if (serving == null || serving.serviceId() != provider.serviceId()) {
            return;
        }
        Swap swap = new Swap("driver " + unit.hardware().compatible(), provider);
        held.put(unit.name(), swap);
        List<HardwareSide> sides = List.copyOf(unit.sides());
        swap.to(SwapStep.QUIESCE);
        unit.hold(swap.hold());
        sides.forEach(side -> side.close(swap.hold()));
        swap.to(SwapStep.DRAIN);
        boolean quiet = fleet.drain();
        for (HardwareSide side : sides) {
            attempt("an invalidation that was queued", () -> side.surrender(quiet));
        }
        attempt("the hand-over of " + provider.describe(), unit.iommu()::handOver);
        unit.serve(null, null);
        swap.to(SwapStep.HELD);
        tell(Topics.DRIVER_LEFT, unit, provider);
    }

    private void tell(String topic, Unit unit, Provider provider) {
        fleet.commons()
                .events()
                .post(
                        topic,
                        () -> Map.of(
                                "iommu",
                                unit.name(),
                                "service",
                                "driver " + unit.hardware().compatible(),
                                "bundle",
                                provider.bundle(),
                                "version",
                                provider.version()));
    }

    private static void attempt(String what, Runnable step) {
        try {
            step.run();
        } catch (RuntimeException failed) {
            LOG.log(System.Logger.Level.ERROR, "{0} failed: {1}", what, failed.toString());
        }
    }

    /**
     * A driver may be there now: lets the candidates probe or take over each IOMMU without one, best first.
     *
     * @param compatible programming interface
     */
    public void came(String compatible) {
        for (Unit unit : fleet.units()) {
            if (unit.hardware().compatible().equals(compatible)) {
                for (Offer<IommuDriver> candidate : offers.candidates(compatible)) {
                    if (unit.withLock(() -> unit.iommu() != null || drive(unit, candidate))) {
                        break;
                    }
                }
            }
        }
    }

    /** Whether no other candidate needs to be asked. */
    private boolean drive(Unit unit, Offer<IommuDriver> candidate) {
        Swap swap = held.get(unit.name());
        if (swap == null) {
            return probe(unit, candidate);
        }
        if (swap.hasRefused(candidate.provider())) {
            return false;
        }
        if (!ledgers(unit).allMatch(SpaceLedger::drainAgain)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "an operation is still inside {0}",
                    swap.old().describe());
            thread.execute(() -> came(unit.hardware().compatible()));
            return true;
        }
        SwapEvent event = takeOver(unit, swap, candidate);
        reports.tell(event);
        return event.adopted();
    }

    private boolean probe(Unit unit, Offer<IommuDriver> candidate) {
        try {
            IommuUnit fresh = candidate.service().probe(unit.hardware(), unit.host());
            unit.ledger().introduceDevices(fresh);
            unit.serve(fresh, candidate.provider());
            tell(Topics.DRIVEN, unit, candidate.provider());
            unit.applyDefaults();
            return true;
        } catch (RuntimeException refused) {
            unit.driving().blame(candidate.provider().describe() + " could not drive it: " + refused.getMessage());
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} could not drive {1}: {2}",
                    candidate.provider().describe(),
                    unit.name(),
                    refused.toString());
            return false;
        }
    }

    private SwapEvent takeOver(Unit unit, Swap swap, Offer<IommuDriver> candidate) {
        List<HardwareSide> sides = List.copyOf(unit.sides());
        swap.to(SwapStep.ADOPT);
        IommuUnit adopted;
        List<TranslationContext> contexts;
        try {
            if (!ledgers(unit).allMatch(SpaceLedger::drainAgain)) {
                return refuse(
                        unit,
                        swap,
                        candidate,
                        "an operation is still inside " + swap.old().describe());
            }
            adopted = candidate
                    .service()
                    .adopt(unit.hardware(), unit.host(), unit.ledger().record());
        } catch (RuntimeException refused) {
            return refuse(unit, swap, candidate, String.valueOf(refused.getMessage()));
        }
        swap.to(SwapStep.VERIFY);
        try {
            contexts = adoptContexts(adopted, sides);
        } catch (RuntimeException refused) {
            attempt("the hand-over of " + candidate.provider().describe(), adopted::handOver);
            return refuse(unit, swap, candidate, String.valueOf(refused.getMessage()));
        }
        swap.to(SwapStep.REBIND);
        for (int i = 0; i < contexts.size(); i++) {
            sides.get(i).rebind(contexts.get(i));
        }
        swap.to(SwapStep.RESUME);
        held.remove(unit.name());
        unit.serve(adopted, candidate.provider());
        unit.allowTablesAgain();
        ledgers(unit).forEach(SpaceLedger::open);
        unit.ledger().introduceDeferred(adopted);
        unit.site().sweep();
        SwapEvent event = swap.done(
                candidate.provider(),
                String.format(
                        "%s: %d devices and %d contexts adopted",
                        unit.name(), unit.devices().size(), contexts.size()));
        swap.to(SwapStep.SERVING);
        return event;
    }

    /** The spaces that it translates, also those that were made at other IOMMUs. */
    private static Stream<SpaceLedger> ledgers(Unit unit) {
        return unit.sides().stream().map(side -> side.space().ledger());
    }

    private static SwapEvent refuse(Unit unit, Swap swap, Offer<IommuDriver> candidate, String reason) {
        SwapEvent event = swap.refused(candidate.provider(), reason);
        unit.driving().blame(swap.hold().cause());
        return event;
    }

    /** Every context, attached or not: the tag of one that is in quarantine must not be handed out again. */
    private static List<TranslationContext> adoptContexts(IommuUnit adopted, List<HardwareSide> sides) {
        List<TranslationContext> contexts = new ArrayList<>();
        for (HardwareSide side : sides) {
            ContextRecord wanted = side.record();
            TranslationContext context = adopted.adoptContext(wanted);
            if (!context.record().equals(wanted)) {
                throw new IommuException(
                        Errno.EINVAL,
                        String.format("context was %s, successor makes %s of it", wanted, context.record()));
            }
            contexts.add(context);
        }
        return contexts;
    }
}
