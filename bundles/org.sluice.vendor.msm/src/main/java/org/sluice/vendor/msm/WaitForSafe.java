package org.sluice.vendor.msm;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * Qualcomm SDM845: a TLB synchronisation waits until the display says that it is safe, which costs everybody else much time.
 * A call of firmware ends that.
 */
@Component(immediate = true)
public final class WaitForSafe implements Smmuv2Hooks {
    /** The SMMU of SDM845's applications processor. */
    static final String SDM845 = "qcom,sdm845-smmu-500";

    @Override
    public String name() {
        return "Qualcomm SDM845 wait-for-safe";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return identity.compatible().equals(SDM845) ? Qualcomm.match(identity) : Optional.empty();
    }

    @Override
    public void reset(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits limits) {
        try {
            identity.platform().waitForSafe(false);
        } catch (IommuException refused) {
            // slow, but right: not every board's firmware has the call
            if (refused.errno() != Errno.EOPNOTSUPP) {
                throw refused;
            }
        }
    }
}
