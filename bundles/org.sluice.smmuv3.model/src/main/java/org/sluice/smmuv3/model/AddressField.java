package org.sluice.smmuv3.model;

import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage1LeafLpa2;

/**
 * Where the descriptors of a table keep their output address, which is the same for tables and leaves of both stages.
 *
 * @param mask bits that stand in place
 * @param upper where the others are
 */
record AddressField(long mask, Upper upper) {
    private static final int UPPER_64K_SHIFT = 48;
    private static final int UPPER_DS_SHIFT = 50;

    /** Where bits above those in place are. */
    enum Upper {
        /** There are none. */
        NONE,
        /** 64K granule, 52-bit physical addresses: bits 51:48. */
        BITS_51_48,
        /** DS: bits 51:50, where other descriptors have the shareability. */
        BITS_51_50
    }

    /**
     * Of a granule.
     *
     * @param ds CD.DS or STE.S2DS, which means nothing with 64K
     */
    static AddressField of(int granule, boolean ds, Identity id) {
        long inPlace = Stage1Leaf.OUTPUTADDRESS_MASK & -1L << granule;
        if (granule == Granule.BITS_64K) {
            return new AddressField(
                    inPlace, id.outputBits() == Identity.MAX_ADDRESS_BITS ? Upper.BITS_51_48 : Upper.NONE);
        }
        return ds
                ? new AddressField(Stage1LeafLpa2.OUTPUTADDRESS_MASK & -1L << granule, Upper.BITS_51_50)
                : new AddressField(inPlace, Upper.NONE);
    }

    /** Bytes; physical, or an IPA. */
    long read(long descriptor) {
        return switch (upper) {
            case NONE -> descriptor & mask;
            case BITS_51_48 -> descriptor & mask | Stage1Leaf.outputAddress5148(descriptor) << UPPER_64K_SHIFT;
            case BITS_51_50 -> descriptor & mask | Stage1LeafLpa2.outputAddress5150(descriptor) << UPPER_DS_SHIFT;
        };
    }

    /** Whether descriptors have no shareability of their own. */
    boolean replacesShareability() {
        return upper == Upper.BITS_51_50;
    }
}
