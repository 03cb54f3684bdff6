package org.sluice.vendor.msm;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/**
 * MSM8996: TTBR1 of its SMMU does not work, so that a GPU there has no half that stays mapped, and no tables of its processes'
 * own.
 */
@Component(immediate = true)
public final class LowerHalfOnly implements Smmuv2Hooks {
    static final String MSM8996 = "qcom,msm8996-smmu-v2";

    @Override
    public String name() {
        return "MSM8996 without TTBR1";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return identity.compatible().equals(MSM8996) ? Qualcomm.match(identity) : Optional.empty();
    }

    @Override
    public Optional<String> withoutUpperHalf(HardwareIdentity identity) {
        return Optional.of(
                identity.iommu() + " is an MSM8996's (" + identity.compatible() + "), whose TTBR1 does not work");
    }
}
