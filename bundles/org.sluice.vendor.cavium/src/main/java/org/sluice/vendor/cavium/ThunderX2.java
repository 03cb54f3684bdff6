package org.sluice.vendor.cavium;

import java.util.Optional;
import org.sluice.spi.quirk.HardwareIdentity;

/** How firmware says that an SMMU is ThunderX2's: the IIDR does not. */
final class ThunderX2 {
    /** The device tree's name for the first erratum. */
    private static final String DEVICE_TREE = "cavium,cn9900-broken-page1-regspace";

    /** ACPI's model of an SMMU, as its IORT node has it. */
    private static final String IORT_MODEL = "iort-model";

    private static final String IORT_CN99XX = "2";

    private ThunderX2() {}

    /** The reason why an SMMU is one, or empty. */
    static Optional<String> match(HardwareIdentity identity) {
        if (identity.properties().containsKey(DEVICE_TREE)) {
            return Optional.of("firmware says " + DEVICE_TREE);
        }
        return IORT_CN99XX.equals(identity.properties().get(IORT_MODEL))
                ? Optional.of(IORT_MODEL + " is " + IORT_CN99XX)
                : Optional.empty();
    }
}
