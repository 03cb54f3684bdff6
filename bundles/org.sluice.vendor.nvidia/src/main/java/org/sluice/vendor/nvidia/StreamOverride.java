package org.sluice.vendor.nvidia;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/**
 * Tegra: the memory controller stands before the SMMU and tags a device's traffic with a StreamID that the boot loader chose.
 * Once the SMMU has entries for the device, the controller is told to use the device's own.
 */
@Component(immediate = true)
public final class StreamOverride implements Smmuv2Hooks {
    @Override
    public String name() {
        return "NVIDIA StreamID override";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return Tegra.match(identity);
    }

    @Override
    public void deviceAdded(HardwareIdentity identity, DeviceRecord device) {
        try {
            identity.platform().overrideStreams(device.streamIds());
        } catch (IommuException refused) {
            // a machine whose firmware has done it already
            if (refused.errno() != Errno.EOPNOTSUPP) {
                throw refused;
            }
        }
    }
}
