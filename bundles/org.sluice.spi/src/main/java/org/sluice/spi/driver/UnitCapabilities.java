package org.sluice.spi.driver;

import java.util.Set;
import org.sluice.api.Capability;

/**
 * What an IOMMU can do.
 *
 * @param stage1 stage-1 translation
 * @param stage2 stage-2 translation
 * @param nested both at once
 * @param pasidBits width of the PASIDs that it resolves by itself, 0 for none
 * @param streamBits width of a StreamID
 * @param pageSizes bitmap of leaf sizes
 * @param inputBits width of an IOVA
 * @param outputBits width of a physical address
 * @param capabilities the rest
 */
public record UnitCapabilities(
        boolean stage1,
        boolean stage2,
        boolean nested,
        int pasidBits,
        int streamBits,
        long pageSizes,
        int inputBits,
        int outputBits,
        Set<Capability> capabilities) {
    /** Copies the set. */
    public UnitCapabilities {
        capabilities = Set.copyOf(capabilities);
    }
}
