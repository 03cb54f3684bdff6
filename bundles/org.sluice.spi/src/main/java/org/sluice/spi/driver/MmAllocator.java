package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The optional {@code mm_alloc} and {@code mm_free}: a service of a vendor bundle that makes private address spaces its own
 * way. Both are in one interface, so that one without the other cannot be written. The core asks the registry at the moment
 * of allocation: without a matching service it builds the private table from the driver's configuration.
 */
@ConsumerType
public interface MmAllocator {
    /** Service property: {@link org.sluice.spi.board.Endpoint#compatible()} of the devices it is for. */
    String COMPATIBLE = "sluice.mm.compatible";

    /**
     * Makes the page table of a private space. May sleep.
     *
     * @param request for whom, and what the core offers
     * @return the space's table and how it is activated
     * @throws org.sluice.api.IommuException any; the core passes it on and nothing stays allocated
     */
    MmAllocation mmAlloc(MmRequest request);

    /**
     * Lets go of what {@link #mmAlloc} took beside the page table, which the core frees.
     *
     * @param allocation from this provider or the predecessor whose state it adopted
     */
    void mmFree(MmAllocation allocation);
}
