package org.sluice.spi.board;

import java.util.List;
import org.sluice.api.DmaLimits;
import org.sluice.api.ReservedRegion;

/**
 * What firmware and bus say of a device's DMA.
 *
 * @param coherent its DMA is cache coherent
 * @param untrusted it may be hostile (an external port): no page that it shares with anything else is mapped for it, and it is
 *     never invalidated lazily
 * @param limits what it can address
 * @param reserved IOVAs that are not free for it
 */
public record DmaProperties(boolean coherent, boolean untrusted, DmaLimits limits, List<ReservedRegion> reserved) {
    /** A coherent, trusted device without limits and reserved regions. */
    public static final DmaProperties ORDINARY = new DmaProperties(true, false, DmaLimits.NONE, List.of());

    /** Copies the regions. */
    public DmaProperties {
        reserved = List.copyOf(reserved);
    }
}
