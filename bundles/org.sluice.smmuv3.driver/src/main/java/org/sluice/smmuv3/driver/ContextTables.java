package org.sluice.smmuv3.driver;

import java.util.EnumSet;
import java.util.Set;
import org.sluice.api.Capability;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.UnitCapabilities;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Which page tables an SMMU walks, and what follows for its capabilities. Constant, for any thread. */
final class ContextTables {
    /** Width of an address that every granule has room for. */
    static final int USUAL_BITS = 48;

    private static final int LARGE_BITS = 52;
    private static final long SMALLEST_OF_64K = 64L << 10;

    private static final String STAGE1 = "ARM_64_LPAE_S1";
    private static final String STAGE2 = "ARM_64_LPAE_S2";

    private final Features features;
    private final boolean contiguous;

    /**
     * The kinds of a unit.
     *
     * @param contiguous whether leaves may be joined to contiguous groups
     */
    ContextTables(Features features, boolean contiguous) {
        this.features = features;
        this.contiguous = contiguous;
    }

    /**
     * The stage that a request gets: stage 1 if it may choose, as Linux.
     *
     * @throws IommuException EOPNOTSUPP
     */
    int stage(ContextRequest request) {
        int stage = request.stage() != 0 ? request.stage() : features.has(Feature.STAGE1) ? 1 : 2;
        if (stage != 1 && stage != 2) {
            throw new IommuException(Errno.EINVAL, "a context of stage " + stage + " was asked for, there are 1 and 2");
        }
        requireStage(stage);
        if (stage == 2 && (request.upperHalf() || request.privateTable() || request.dirtyTracking())) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    "stage 2 has no upper half, no PASIDs, and no dirty tracking in its page-table format; asked for "
                            + request);
        }
        if (request.dirtyTracking() && !features.has(Feature.DIRTY_UPDATE)) {
            throw new IommuException(
                    Errno.EOPNOTSUPP, "dirty tracking was asked for, and IDR0.HTTU does not announce dirty state");
        }
        return stage;
    }

    /**
     * Refuses a stage that the SMMU lacks.
     *
     * @throws IommuException EOPNOTSUPP
     */
    void requireStage(int stage) {
        if (!features.has(stage == 1 ? Feature.STAGE1 : Feature.STAGE2)) {
            throw new IommuException(
                    Errno.EOPNOTSUPP, "a context of stage " + stage + " was asked for; IDR0.S" + stage + "P is 0");
        }
    }

    /**
     * The page table that a context needs.
     *
     * @throws IommuException EOPNOTSUPP
     */
    PageTableConfig config(ContextRequest request, int stage) {
        long sizes = request.pageSizes() == 0 ? features.pageSizes() : request.pageSizes() & features.pageSizes();
        if (sizes == 0) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    String.format(
                            "page sizes 0x%x were asked for, the SMMU has 0x%x",
                            request.pageSizes(), features.pageSizes()));
        }
        int shared = (contiguous ? Quirk.ARM_CONTIGUOUS : 0) | (hasLargeDescriptors(sizes) ? Quirk.ARM_LPA2 : 0);
        int outputBits = outputBits(sizes);
        if (stage == 2) {
            int quirks = features.has(Feature.FORCED_WRITE_BACK) ? Quirk.ARM_S2FWB : 0;
            return new PageTableConfig(STAGE2, sizes, outputBits, outputBits, true, quirks | shared);
        }
        int quirks = (request.upperHalf() ? Quirk.ARM_TTBR1 : 0) | (request.dirtyTracking() ? Quirk.ARM_HD : 0);
        return new PageTableConfig(STAGE1, sizes, inputBits(sizes), outputBits, true, quirks | shared);
    }

    /** The smallest size is the granule. */
    private static boolean is64K(long sizes) {
        return Long.lowestOneBit(sizes) >= SMALLEST_OF_64K;
    }

    private boolean hasLargeDescriptors(long sizes) {
        return !is64K(sizes) && features.has(Feature.LARGE_DESCRIPTORS);
    }

    /** Width of an IOVA in either half. */
    private int inputBits(long sizes) {
        boolean room = is64K(sizes) || hasLargeDescriptors(sizes);
        return room && features.has(Feature.LARGE_INPUTS) ? LARGE_BITS : USUAL_BITS;
    }

    private int outputBits(long sizes) {
        return Math.min(features.outputBits(), is64K(sizes) || hasLargeDescriptors(sizes) ? LARGE_BITS : USUAL_BITS);
    }

    /**
     * What the unit can do.
     *
     * @param guests whether a guest's stage 1 may run over a stage 2
     */
    UnitCapabilities capabilities(boolean guests) {
        int pasidBits = ContextTable.substreamBits(features, features.substreamBits());
        Set<Capability> capabilities =
                EnumSet.of(Capability.NOEXEC, Capability.DEFERRED_FLUSH, Capability.CACHE_COHERENCY);
        add(capabilities, Capability.PASID, pasidBits > 0);
        add(capabilities, Capability.DIRTY_TRACKING, features.has(Feature.DIRTY_UPDATE));
        add(capabilities, Capability.PCI_ATS, features.has(Feature.ATS));
        return new UnitCapabilities(
                features.has(Feature.STAGE1),
                features.has(Feature.STAGE2),
                guests,
                pasidBits,
                StreamTable.coveredBits(features),
                features.pageSizes(),
                features.has(Feature.STAGE1) ? inputBits(features.pageSizes()) : outputBits(features.pageSizes()),
                features.outputBits(),
                capabilities);
    }

    private static void add(Set<Capability> capabilities, Capability capability, boolean there) {
        if (there) {
            capabilities.add(capability);
        }
    }
}
