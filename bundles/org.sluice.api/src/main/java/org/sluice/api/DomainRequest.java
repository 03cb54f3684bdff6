package org.sluice.api;

import java.util.Objects;
import java.util.Optional;

/**
 * What kind of domain a client wants.
 *
 * @param type kind of domain
 * @param stage 1 or 2; 0 lets the driver choose (stage 1 where it can)
 * @param upperHalf IOVAs are the sign-extended upper half (TTBR1), for stage 1
 * @param pageSizes bitmap of leaf sizes that may be used; 0 for whatever the hardware offers
 * @param parent the stage-2 domain below a NESTED one, else empty
 */
public record DomainRequest(DomainType type, int stage, boolean upperHalf, long pageSizes, Optional<Domain> parent) {
    /** Checks the combination. */
    public DomainRequest {
        Objects.requireNonNull(type, "type");
        if (stage < 0 || stage > 2) {
            throw new IommuException(Errno.EINVAL, "stage is " + stage + ", must be 1, 2 or 0 for any");
        }
        if (upperHalf && stage == 2) {
            throw new IommuException(Errno.EINVAL, "stage 2 has no upper half");
        }
        if (parent.isPresent() != (type == DomainType.NESTED)) {
            throw new IommuException(Errno.EINVAL, "a parent goes with NESTED and only with it, type is " + type);
        }
    }

    /**
     * A domain of a type with every choice left to the driver.
     *
     * @param type kind of domain
     * @return the request
     */
    public static DomainRequest of(DomainType type) {
        return new DomainRequest(type, 0, false, 0, Optional.empty());
    }

    /**
     * The same with a stage.
     *
     * @param wanted 1 or 2
     * @return the request
     */
    public DomainRequest withStage(int wanted) {
        return new DomainRequest(type, wanted, upperHalf, pageSizes, parent);
    }

    /**
     * The same for the upper half of the IOVAs (TTBR1).
     *
     * @return the request
     */
    public DomainRequest inUpperHalf() {
        return new DomainRequest(type, stage, true, pageSizes, parent);
    }

    /**
     * The same with a choice of leaf sizes.
     *
     * @param bitmap of byte sizes
     * @return the request
     */
    public DomainRequest withPageSizes(long bitmap) {
        return new DomainRequest(type, stage, upperHalf, bitmap, parent);
    }
}
