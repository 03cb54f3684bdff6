package org.sluice.vendor.msm;

import java.util.BitSet;
import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/** The SMMU of an Adreno GPU: the GPU writes the registers of bank 0 and of no other, so bank 0 is kept for it. */
@Component(immediate = true)
public final class GpuBank implements Smmuv2Hooks {
    /** The GPU proper; other streams of the same block are its microcontroller's and the like. */
    private static final int GPU_STREAM = 0;

    /** Whether a device is the GPU proper. */
    static boolean isGpu(DeviceRecord device) {
        return device.streamIds().contains(GPU_STREAM);
    }

    @Override
    public String name() {
        return "Adreno context bank 0";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return identity.compatible().equals(Qualcomm.ADRENO) ? Qualcomm.match(identity) : Optional.empty();
    }

    @Override
    public int contextBank(HardwareIdentity identity, DeviceRecord device, BitSet free) {
        boolean gpu = isGpu(device);
        int bank = gpu ? AdrenoMmAllocator.BANK : free.nextSetBit(AdrenoMmAllocator.BANK + 1);
        if (bank < 0 || !free.get(bank)) {
            throw new IommuException(
                    Errno.EBUSY,
                    String.format(
                            gpu
                                    ? "context bank 0 of %s is not free, and %s can use no other"
                                    : "no context bank of %s but 0 is free, and that is not for %s",
                            identity.iommu(),
                            device.name()));
        }
        return bank;
    }
}
