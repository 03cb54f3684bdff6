package org.sluice.vendor.msm;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/** Qualcomm: an invalidation by ASID is quicker than those by address that a table of many pages takes. */
@Component(immediate = true)
public final class WalkFlush implements Smmuv2Hooks {
    @Override
    public String name() {
        return "Qualcomm walk flush by ASID";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return Qualcomm.match(identity);
    }

    @Override
    public boolean invalidatesTablesByTag(HardwareIdentity identity) {
        return true;
    }
}
