package org.sluice.vendor.marvell;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * Marvell AP806 erratum 582743: a 64-bit access does not reach a whole register. Each is made as two, and the formats whose
 * TLB maintenance needs one in one piece are left out: what remains has addresses of 32 bits.
 */
@Component(immediate = true)
public final class SplitAccess implements Smmuv2Hooks {
    private static final String COMPATIBLE = "marvell,ap806-smmu-500";

    @Override
    public String name() {
        return "Marvell AP806 erratum 582743";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return identity.compatible().equals(COMPATIBLE) ? Optional.of("compatible is " + COMPATIBLE) : Optional.empty();
    }

    @Override
    public RegisterFile registers(HardwareIdentity identity, RegisterFile registers) {
        return new HalvedRegisters(registers);
    }

    @Override
    public Smmuv2Limits probe(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits found) {
        return found.without64();
    }
}
