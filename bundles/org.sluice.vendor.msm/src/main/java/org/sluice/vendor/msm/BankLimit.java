package org.sluice.vendor.msm;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

/** Qualcomm: firmware keeps context banks to itself, which IDR1 still counts. */
@Component(immediate = true)
public final class BankLimit implements Smmuv2Hooks {
    @Override
    public String name() {
        return "Qualcomm bank limit";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        String limit = identity.properties().get(Qualcomm.BANKS);
        return limit == null
                ? Optional.empty()
                : Qualcomm.match(identity).map(reason -> reason + ", " + Qualcomm.BANKS + " is " + limit);
    }

    @Override
    public Smmuv2Limits probe(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits found) {
        return found.withBanks(Qualcomm.bankLimit(identity));
    }
}
