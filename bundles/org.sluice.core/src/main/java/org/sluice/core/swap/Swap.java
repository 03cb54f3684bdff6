package org.sluice.core.swap;

import java.util.HashSet;
import java.util.Set;
import org.sluice.api.SwapEvent;
import org.sluice.core.offer.Provider;
import org.sluice.core.space.Hold;

/**
 * One swap, from the moment a provider leaves until a successor serves. Strings and numbers only. Steps are made under the
 * locks of the IOMMUs concerned.
 */
final class Swap {
    private final Provider old;
    private final Hold hold;
    private final Set<Long> refused = new HashSet<>();
    private SwapStep step = SwapStep.SERVING;

    /**
     * Begins when a provider left.
     *
     * @param service in words, e.g. {@code page-table format ARM_64_LPAE_S1}
     * @param old who left
     */
    Swap(String service, Provider old) {
        this.old = old;
        this.hold = new Hold(service, old.describe() + " left");
    }

    Hold hold() {
        return hold;
    }

    Provider old() {
        return old;
    }

    SwapStep step() {
        return step;
    }

    /** Makes a step. */
    void to(SwapStep next) {
        if (!step.next().contains(next)) {
            throw new IllegalStateException("a swap of " + hold.missing() + " cannot go from " + step + " to " + next);
        }
        step = next;
    }

    /** The successor serves. */
    SwapEvent done(Provider successor, String findings) {
        return event(successor, true, findings);
    }

    /** Whether a provider was refused already: it is not asked again, since nothing changed. */
    boolean hasRefused(Provider candidate) {
        return refused.contains(candidate.serviceId());
    }

    /** A successor was refused; back to waiting for another. */
    SwapEvent refused(Provider successor, String reason) {
        to(SwapStep.HELD);
        refused.add(successor.serviceId());
        hold.blame(successor.describe() + " was refused: " + reason);
        return event(successor, false, reason);
    }

    private SwapEvent event(Provider successor, boolean adopted, String findings) {
        return new SwapEvent(
                hold.missing(),
                successor.bundle(),
                old.version(),
                successor.version(),
                hold.age(),
                hold.parked(),
                adopted,
                findings);
    }
}
