package org.sluice.spi.driver;

import java.util.OptionalLong;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Asking the hardware itself what it makes of an address: an optional ability that a {@link TranslationContext} object
 * implements where the IOMMU has translation operations (SMMUv2: ATS1PR and PAR). It is for inspection; a map or unmap never
 * asks. Any thread.
 */
@ConsumerType
public interface HardwareWalk {
    /**
     * Has the hardware translate an address as a privileged read of an attached device, by the tables that it walks at the
     * moment. Waits for it, but never without limit; holds no page table.
     *
     * @param iova bytes
     * @return the physical address in bytes; 0 when the walk faults, which the driver logs; empty when the hardware has no
     *     answer, so that the caller's own walk is the only one: it has no such operations for this context, no device is
     *     attached, it is powered down, or it did not finish in time, which the driver logs as an error
     */
    OptionalLong hardwareWalk(long iova);
}
