package org.sluice.api;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Handles the faults of a domain. Called on the IOMMU's event thread, which serves every device behind it: it must not
 * sleep or wait for DMA.
 */
@ConsumerType
@FunctionalInterface
public interface FaultHandler {
    /**
     * A DMA faulted.
     *
     * @param event what the IOMMU reported
     * @return what to do
     */
    FaultResponse handle(FaultEvent event);
}
