package org.sluice.spi.quirk;

import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What hooks of every kind have in common. Several may match one IOMMU: they are asked in the order of their service
 * ranking, highest first. Hooks keep no state of an IOMMU, so that their bundle can be replaced while it runs.
 */
@ConsumerType
public interface ImplementationHooks {
    /**
     * Name for people, e.g. the erratum's number.
     *
     * @return constant
     */
    String name();

    /**
     * Whether these hooks concern an IOMMU.
     *
     * @param identity of the IOMMU
     * @return the reason, naming what matched and its value; empty when they do not
     */
    Optional<String> match(HardwareIdentity identity);
}
