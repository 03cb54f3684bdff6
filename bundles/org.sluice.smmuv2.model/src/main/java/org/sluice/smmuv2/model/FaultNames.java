package org.sluice.smmuv2.model;

import org.sluice.layout.Field;
import org.sluice.smmuv2.arch.FaultStatus;

/** Names of context faults, as FSR has them. */
final class FaultNames {
    private FaultNames() {}

    /** The name of the one bit that is set, e.g. {@code TF}. */
    static String of(long bit) {
        return FaultStatus.LAYOUT.fields().stream()
                .filter(field -> field.kind().isNamed() && field.mask() == bit)
                .map(Field::name)
                .findFirst()
                .orElse("");
    }
}
