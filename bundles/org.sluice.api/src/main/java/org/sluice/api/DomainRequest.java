package org.sluice.api;

import java.util.Arrays;
import java.util.List;
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
 * @param dirtyTracking pages that devices write can be found by {@link AddressSpace#readDirty}
 * @param guestEntry the guest's stream entry for a NESTED one, in the hardware's form, lowest 64-bit word first; else empty
 */
public record DomainRequest(
        DomainType type,
        int stage,
        boolean upperHalf,
        long pageSizes,
        Optional<Domain> parent,
        boolean dirtyTracking,
        List<Long> guestEntry) {
    /** Checks the combination. */
    public DomainRequest {
        Objects.requireNonNull(type, "type");
        if (stage < 0 || stage > 2) {
            throw new IommuException(Errno.EINVAL, "stage is " + stage + ", must be 1, 2 or 0 for any");
        }
        if (upperHalf && stage == 2) {
            throw new IommuException(Errno.EINVAL, "stage 2 has no upper half");
        }
        guestEntry = List.copyOf(guestEntry);
        if (dirtyTracking && !type.isPaging()) {
            throw new IommuException(Errno.EINVAL, "dirty tracking goes with paging types, type is " + type);
        }
        if (!guestEntry.isEmpty() && type != DomainType.NESTED) {
            throw new IommuException(Errno.EINVAL, "a guest's entry goes with NESTED only, type is " + type);
        }
        if (parent.isPresent() != (type == DomainType.NESTED)) {
            throw new IommuException(Errno.EINVAL, "a parent goes with NESTED and only with it, type is " + type);
        }
    }

    /**
     * A domain without dirty tracking and without a guest's entry.
     *
     * @param type kind of domain
     * @param stage 1 or 2; 0 for any
     * @param upperHalf IOVAs are the sign-extended upper half
     * @param pageSizes bitmap of leaf sizes; 0 for any
     * @param parent the stage-2 domain below a NESTED one, else empty
     */
    public DomainRequest(DomainType type, int stage, boolean upperHalf, long pageSizes, Optional<Domain> parent) {
        this(type, stage, upperHalf, pageSizes, parent, false, List.of());
    }

    /**
     * A guest's stage 1 over a stage-2 domain. A guest that rewrites its entry gets a new domain, attached in place of the old.
     *
     * @param parent the stage-2 domain
     * @param guestEntry the guest's stream entry in the hardware's form, lowest 64-bit word first
     * @return the request
     */
    public static DomainRequest nested(Domain parent, long... guestEntry) {
        return new DomainRequest(
                DomainType.NESTED,
                0,
                false,
                0,
                Optional.of(parent),
                false,
                Arrays.stream(guestEntry).boxed().toList());
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
        return new DomainRequest(type, wanted, upperHalf, pageSizes, parent, dirtyTracking, guestEntry);
    }

    /**
     * The same for the upper half of the IOVAs (TTBR1).
     *
     * @return the request
     */
    public DomainRequest inUpperHalf() {
        return new DomainRequest(type, stage, true, pageSizes, parent, dirtyTracking, guestEntry);
    }

    /**
     * The same with a choice of leaf sizes.
     *
     * @param bitmap of byte sizes
     * @return the request
     */
    public DomainRequest withPageSizes(long bitmap) {
        return new DomainRequest(type, stage, upperHalf, bitmap, parent, dirtyTracking, guestEntry);
    }

    /**
     * The same with dirty tracking.
     *
     * @return the request
     */
    public DomainRequest withDirtyTracking() {
        return new DomainRequest(type, stage, upperHalf, pageSizes, parent, true, guestEntry);
    }
}
