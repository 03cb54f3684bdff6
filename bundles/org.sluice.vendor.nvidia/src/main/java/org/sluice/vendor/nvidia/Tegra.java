package org.sluice.vendor.nvidia;

import java.util.Optional;
import java.util.Set;
import org.sluice.spi.quirk.HardwareIdentity;

/** How firmware says that an SMMU is Tegra194's or Tegra234's. */
final class Tegra {
    private static final Set<String> COMPATIBLE = Set.of("nvidia,tegra194-smmu", "nvidia,tegra234-smmu");

    private Tegra() {}

    /** The reason why an SMMU is one, or empty. */
    static Optional<String> match(HardwareIdentity identity) {
        return Optional.of(identity.compatible()).filter(COMPATIBLE::contains).map(name -> "compatible is " + name);
    }
}
