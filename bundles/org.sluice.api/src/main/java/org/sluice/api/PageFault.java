package org.sluice.api;

/**
 * A fault that can be repaired: the device waits for an answer.
 *
 * @param event what the IOMMU reported
 * @param read whether read access is asked for; {@link FaultEvent#write()} and {@link FaultEvent#execute()} say the rest
 */
public record PageFault(FaultEvent event, boolean read) {
    /**
     * Input address.
     *
     * @return bytes
     */
    public long iova() {
        return event.iova();
    }
}
