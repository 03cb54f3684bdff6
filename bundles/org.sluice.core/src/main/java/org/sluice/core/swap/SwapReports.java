package org.sluice.core.swap;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import org.sluice.api.SwapEvent;
import org.sluice.api.SwapListener;

/** Tells everybody who listens how a swap ended. */
public final class SwapReports {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private final List<SwapListener> listeners = new CopyOnWriteArrayList<>();
    private final LongAdder adopted = new LongAdder();

    /** Nobody listens yet. */
    public SwapReports() {}

    /**
     * Who listens.
     *
     * @return a list to add to and remove from
     */
    public List<SwapListener> listeners() {
        return listeners;
    }

    /**
     * Swaps that succeeded.
     *
     * @return a count
     */
    public long adopted() {
        return adopted.sum();
    }

    void tell(SwapEvent event) {
        if (event.adopted()) {
            adopted.increment();
        }
        LOG.log(event.adopted() ? System.Logger.Level.INFO : System.Logger.Level.WARNING, "swap: {0}", event);
        for (SwapListener listener : listeners) {
            try {
                listener.swapped(event);
            } catch (RuntimeException failed) {
                LOG.log(System.Logger.Level.WARNING, "a swap listener failed: {0}", failed.toString());
            }
        }
    }
}
