package org.sluice.spi.driver;

/**
 * What kind of context is wanted.
 *
 * @param stage 1 or 2; 0 lets the driver choose
 * @param upperHalf the upper half of the IOVAs (TTBR1)
 * @param privateTable for a private PASID rather than a domain
 * @param pageSizes bitmap of leaf sizes; 0 for whatever the hardware offers
 * @param dirtyTracking the hardware is to mark written pages dirty
 */
public record ContextRequest(
        int stage, boolean upperHalf, boolean privateTable, long pageSizes, boolean dirtyTracking) {
    /**
     * A request without dirty tracking.
     *
     * @param stage 1 or 2; 0 lets the driver choose
     * @param upperHalf the upper half of the IOVAs (TTBR1)
     * @param privateTable for a private PASID rather than a domain
     * @param pageSizes bitmap of leaf sizes; 0 for whatever the hardware offers
     */
    public ContextRequest(int stage, boolean upperHalf, boolean privateTable, long pageSizes) {
        this(stage, upperHalf, privateTable, pageSizes, false);
    }
}
