package org.sluice.trace.internal.swap;

import org.sluice.api.SwapEvent;

/** Replaces the bundle of a service. */
public interface Updates {
    /**
     * Updates the bundle to its next version and waits until the core reports the end of the swap.
     *
     * @param target whose bundle
     * @return what the core reported
     * @throws org.sluice.api.IommuException the bundle cannot be updated, or the core reported nothing in time
     */
    SwapEvent update(SwapTarget target);
}
