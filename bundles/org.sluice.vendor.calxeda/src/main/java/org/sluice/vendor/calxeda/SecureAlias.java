package org.sluice.vendor.calxeda;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/**
 * Calxeda: software that runs as Secure finds the Secure copies of the control and fault registers where the Non-secure ones
 * should be, and those at an alias.
 */
@Component(immediate = true)
public final class SecureAlias implements Smmuv2Hooks {
    private static final String DEVICE_TREE = "calxeda,smmu-secure-config-access";

    @Override
    public String name() {
        return "Calxeda secure configuration access";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        if (identity.compatible().equals(DEVICE_TREE)) {
            return Optional.of("compatible is " + DEVICE_TREE);
        }
        return identity.properties().containsKey(DEVICE_TREE)
                ? Optional.of("firmware says " + DEVICE_TREE)
                : Optional.empty();
    }

    @Override
    public RegisterFile registers(HardwareIdentity identity, RegisterFile registers) {
        return new AliasedRegisters(registers);
    }
}
