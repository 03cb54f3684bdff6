package org.sluice.vendor.cavium;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** ThunderX2 erratum 74: there is no second page of registers; what belongs there lies at the same offset of the first. */
@Component(immediate = true)
public final class PageOneErratum implements Smmuv3Hooks {
    private static final long PAGE_BYTES = 64L << 10;

    @Override
    public String name() {
        return "ThunderX2 erratum 74";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return ThunderX2.match(identity);
    }

    @Override
    public long registerOffset(long offset) {
        return offset % PAGE_BYTES;
    }
}
