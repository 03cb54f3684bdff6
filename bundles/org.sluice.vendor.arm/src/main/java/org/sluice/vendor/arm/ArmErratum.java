package org.sluice.vendor.arm;

import java.util.Optional;
import java.util.function.Predicate;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** An erratum of some revisions of Arm's implementations (linux-iommu.md section 3.9). Stateless. */
abstract class ArmErratum implements Smmuv3Hooks {
    private final String numbers;
    private final Predicate<Implementation> affected;

    ArmErratum(String numbers, Predicate<Implementation> affected) {
        this.numbers = numbers;
        this.affected = affected;
    }

    @Override
    public final String name() {
        return "Arm erratum " + numbers;
    }

    @Override
    public final Optional<String> match(HardwareIdentity identity) {
        Implementation found = Implementation.of(identity);
        return affected.test(found)
                ? Optional.of(String.format("IIDR 0x%08x is %s", identity.implementation(), found))
                : Optional.empty();
    }
}
