package org.sluice.api;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Repairs the faults of an address space. Unlike a {@link FaultHandler} it runs on a thread of its own kind: it may sleep,
 * allocate, map and unmap. Several threads may call it at the same time, for different faults.
 *
 * <p>The device waits meanwhile. A handler that takes longer than the core's {@code fault.timeout.millis} has its fault
 * answered as invalid; what it answers later is ignored.
 */
@ConsumerType
@FunctionalInterface
public interface PageFaultHandler {
    /**
     * A page is missing.
     *
     * @param fault what the device wanted
     * @return RETRY when the page is there now; anything else, or an exception, makes the access fail
     */
    FaultResponse handle(PageFault fault);
}
