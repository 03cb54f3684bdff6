package org.sluice.vendor.cavium;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** ThunderX2 erratum 126: one interrupt stands for all. */
@Component(immediate = true)
public final class InterruptErratum implements Smmuv3Hooks {
    private static final String COMBINED = "combined";

    @Override
    public String name() {
        return "ThunderX2 erratum 126";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return ThunderX2.match(identity);
    }

    @Override
    public String interruptLine(String line) {
        return COMBINED;
    }
}
