package org.sluice.vendor.nvidia;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

/** Tegra194 and Tegra234: invalidation by address is safe for the smallest leaves only, so nothing else is mapped. */
@Component(immediate = true)
public final class PageSizeLimit implements Smmuv2Hooks {
    private static final long KIB_4 = 1L << 12;

    @Override
    public String name() {
        return "NVIDIA page-size limit";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return Tegra.matchLater(identity);
    }

    @Override
    public Smmuv2Limits probe(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits found) {
        return found.withPageSizes(KIB_4);
    }
}
