package org.sluice.vendor.msm;

import java.util.Arrays;
import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/**
 * Qualcomm: devices that firmware started, and that would lose what they work on (a display's frame buffer, a modem's
 * memory), pass untranslated until somebody attaches them.
 */
@Component(immediate = true)
public final class IdentityClients implements Smmuv2Hooks {
    /** Names of the devices on their bus, with commas between them. */
    static final String PROPERTY = "qcom,identity-clients";

    @Override
    public String name() {
        return "Qualcomm identity clients";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        String clients = identity.properties().get(PROPERTY);
        return clients == null
                ? Optional.empty()
                : Qualcomm.match(identity).map(reason -> reason + ", " + PROPERTY + " is " + clients);
    }

    @Override
    public Optional<Attachment.Kind> defaultRoute(HardwareIdentity identity, DeviceRecord device) {
        return Arrays.stream(identity.properties().getOrDefault(PROPERTY, "").split(","))
                .filter(name -> name.strip().equals(device.name()))
                .findFirst()
                .map(name -> Attachment.Kind.IDENTITY);
    }
}
