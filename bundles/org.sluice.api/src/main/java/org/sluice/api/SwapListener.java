package org.sluice.api;

import org.osgi.annotation.versioning.ConsumerType;

/** Is told of every swap; register it as a service. Called on the core's swap thread. */
@ConsumerType
@FunctionalInterface
public interface SwapListener {
    /**
     * A swap ended.
     *
     * @param event how
     */
    void swapped(SwapEvent event);
}
