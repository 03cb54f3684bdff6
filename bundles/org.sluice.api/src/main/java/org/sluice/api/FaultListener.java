package org.sluice.api;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Is told of every fault; register it as a service. Called on the IOMMU's event thread, in the order of the event queue;
 * it must not sleep.
 */
@ConsumerType
@FunctionalInterface
public interface FaultListener {
    /**
     * A DMA faulted.
     *
     * @param event what the IOMMU reported
     */
    void faulted(FaultEvent event);
}
