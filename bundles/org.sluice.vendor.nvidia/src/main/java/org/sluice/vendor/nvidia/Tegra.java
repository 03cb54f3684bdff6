package org.sluice.vendor.nvidia;

import java.util.Optional;
import java.util.Set;
import org.sluice.spi.quirk.HardwareIdentity;

/** How firmware says that an SMMU is a Tegra's. */
final class Tegra {
    private static final String TEGRA186 = "nvidia,tegra186-smmu";
    private static final Set<String> LATER = Set.of("nvidia,tegra194-smmu", "nvidia,tegra234-smmu");

    private Tegra() {}

    /** The reason why an SMMU is that of Tegra186, Tegra194 or Tegra234, or empty. */
    static Optional<String> match(HardwareIdentity identity) {
        return identity.compatible().equals(TEGRA186) ? Optional.of("compatible is " + TEGRA186) : matchLater(identity);
    }

    /** The same for Tegra194 and Tegra234 alone. */
    static Optional<String> matchLater(HardwareIdentity identity) {
        return Optional.of(identity.compatible()).filter(LATER::contains).map(name -> "compatible is " + name);
    }
}
