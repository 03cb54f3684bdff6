package org.sluice.vendor.hisilicon;

import java.util.Arrays;
import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv3Hooks;

/**
 * HiSilicon's PCIe trace device (19e5:a12e) only works untranslated. A driver does not see PCI identities, so the board names
 * the devices in a property of the IOMMU.
 */
@Component(immediate = true)
public final class TraceDevice implements Smmuv3Hooks {
    /** Names of the devices on their bus, with commas between them. */
    static final String PROPERTY = "hisilicon,ptt-devices";

    @Override
    public String name() {
        return "HiSilicon PCIe trace device";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        String devices = identity.properties().get(PROPERTY);
        return devices == null ? Optional.empty() : Optional.of(PROPERTY + " is " + devices);
    }

    @Override
    public boolean forcesIdentity(HardwareIdentity identity, DeviceRecord device) {
        String devices = identity.properties().get(PROPERTY);
        return devices != null
                && Arrays.stream(devices.split(","))
                        .anyMatch(name -> name.strip().equals(device.name()));
    }
}
