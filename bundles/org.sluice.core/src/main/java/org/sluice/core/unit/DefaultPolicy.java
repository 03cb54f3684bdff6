package org.sluice.core.unit;

import java.util.Locale;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** The operator's choice of default domains: Linux's {@code iommu.passthrough=} and {@code iommu.strict=}, and blocking. */
public enum DefaultPolicy {
    /** Every DMA aborts until somebody attaches the device. */
    BLOCKED(DomainType.BLOCKED),
    /** DMA passes untranslated. */
    PASSTHROUGH(DomainType.IDENTITY),
    /** The DMA API maps; an unmap is complete when it returns. */
    STRICT(DomainType.DMA),
    /** The DMA API maps; unmaps are completed in bulk, where the hardware allows that. */
    LAZY(DomainType.DMA_FQ);

    private final DomainType type;

    DefaultPolicy(DomainType type) {
        this.type = type;
    }

    DomainType type() {
        return type;
    }

    /**
     * From the configuration.
     *
     * @param name as configured, in any case
     * @return the policy
     * @throws IommuException EINVAL an unknown name
     */
    public static DefaultPolicy of(String name) {
        try {
            return valueOf(name.trim().toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException unknown) {
            throw new IommuException(
                    Errno.EINVAL, "default.domain is " + name + ", must be blocked, passthrough, strict or lazy");
        }
    }
}
