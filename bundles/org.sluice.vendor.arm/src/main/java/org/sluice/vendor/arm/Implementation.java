package org.sluice.vendor.arm;

import org.sluice.smmuv3.arch.Iidr;
import org.sluice.spi.quirk.HardwareIdentity;

/**
 * One of Arm's implementations, as IIDR names it.
 *
 * @param product PRODUCT field
 * @param variant VARIANT field: the major revision
 * @param revision REV field: the minor revision
 */
record Implementation(int product, int variant, int revision) {
    static final int MMU_600 = 0x483;
    static final int MMU_700 = 0x487;
    static final int MMU_L1 = 0x48a;
    static final int MMU_S3 = 0x498;

    /** Arm's number as an implementer. */
    private static final int ARM = 0x43b;

    /** No implementation of Arm's. */
    private static final Implementation OTHER = new Implementation(-1, -1, -1);

    /** Reads an identity; what is not an SMMUv3 of Arm's has product -1. */
    static Implementation of(HardwareIdentity identity) {
        long iidr = Integer.toUnsignedLong(identity.implementation());
        if (!identity.compatible().startsWith("arm,smmu-v3") || Iidr.impl(iidr) != ARM) {
            return OTHER;
        }
        return new Implementation((int) Iidr.product(iidr), (int) Iidr.variant(iidr), (int) Iidr.rev(iidr));
    }

    /** For people, as the errata notices have it. */
    @Override
    public String toString() {
        String name = switch (product) {
            case MMU_600 -> "MMU-600";
            case MMU_700 -> "MMU-700";
            case MMU_L1 -> "MMU-L1";
            case MMU_S3 -> "MMU-S3";
            default -> String.format("product 0x%x", product);
        };
        return name + " r" + variant + "p" + revision;
    }
}
