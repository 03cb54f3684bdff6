package org.sluice.vendor.msm;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

/** Qualcomm: IDR0 of some chips counts more entries of stream matching than there is room for registers of. */
@Component(immediate = true)
public final class StreamLimit implements Smmuv2Hooks {
    /** Registers of each kind. */
    static final int MOST = 128;

    @Override
    public String name() {
        return "Qualcomm stream limit";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return Qualcomm.match(identity);
    }

    @Override
    public Smmuv2Limits probe(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits found) {
        return found.withStreamEntries(MOST);
    }
}
