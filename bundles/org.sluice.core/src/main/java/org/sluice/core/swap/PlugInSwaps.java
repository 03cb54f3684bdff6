package org.sluice.core.swap;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.sluice.core.offer.Offers;
import org.sluice.core.offer.Provider;
import org.sluice.core.unit.Unit;
import org.sluice.spi.driver.MmAllocator;

/**
 * Swaps of plug-ins that make private spaces. Nothing is held: mapping goes past them. What a plug-in that left must free
 * waits in quarantine for it or its successor.
 */
public final class PlugInSwaps {
    private final Fleet fleet;
    private final Offers<MmAllocator> offers;
    private final SwapReports reports;
    private final Map<String, Swap> left = new ConcurrentHashMap<>();

    /**
     * None left yet.
     *
     * @param fleet the IOMMUs
     * @param offers the plug-ins that are there
     * @param reports where swaps are told
     */
    public PlugInSwaps(Fleet fleet, Offers<MmAllocator> offers, SwapReports reports) {
        this.fleet = fleet;
        this.offers = offers;
        this.reports = reports;
    }

    /**
     * A plug-in leaves; never waits.
     *
     * @param provider who leaves
     */
    public void left(Provider provider) {
        if (spacesOf(provider) > 0) {
            Swap swap = new Swap("private-table plug-in " + String.join(", ", provider.keys()), provider);
            List.of(SwapStep.QUIESCE, SwapStep.DRAIN, SwapStep.HELD).forEach(swap::to);
            left.put(provider.bundle(), swap);
        }
    }

    /**
     * A plug-in is there; on the swap thread.
     *
     * @param provider who came
     */
    public void came(Provider provider) {
        if (!offers.has(provider.serviceId())) {
            return; // it left again before this thread came to it
        }
        int before = spacesOf(provider);
        for (Unit unit : fleet.units()) {
            unit.withLock(() -> {
                unit.sweep();
                return null;
            });
        }
        Swap swap = left.get(provider.bundle());
        // This task may be the old one's, still under way when it left: nobody succeeds himself.
        boolean other = swap != null && swap.old().serviceId() != provider.serviceId();
        if (other && provider.succeeds(swap.old())) {
            left.remove(provider.bundle());
            List.of(SwapStep.ADOPT, SwapStep.VERIFY, SwapStep.REBIND, SwapStep.RESUME)
                    .forEach(swap::to);
            int after = spacesOf(provider);
            reports.tell(swap.done(
                    provider, String.format("%d private spaces taken over, %d freed", after, before - after)));
        }
    }

    private int spacesOf(Provider provider) {
        return fleet.units().stream().mapToInt(unit -> unit.spacesOf(provider)).sum();
    }
}
