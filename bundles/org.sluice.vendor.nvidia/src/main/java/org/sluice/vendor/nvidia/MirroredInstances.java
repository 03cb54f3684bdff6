package org.sluice.vendor.nvidia;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.TlbStatus;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/**
 * Tegra194 and Tegra234: several SMMUs share the traffic of the same devices and have to be programmed alike. Their register
 * files lie one after the other; how many there are is the property {@value #PROPERTY}, 2 without it.
 *
 * <p>Writes go to all, reads to the first; a TLB synchronisation is over when it is over everywhere.
 */
@Component(immediate = true)
public final class MirroredInstances implements Smmuv2Hooks {
    static final String PROPERTY = "nvidia,instances";

    private static final int INSTANCES = 2;
    private static final int MOST_INSTANCES = 8;
    private static final long TIMEOUT = TimeUnit.SECONDS.toNanos(1);

    @Override
    public String name() {
        return "NVIDIA mirrored instances";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return Tegra.match(identity);
    }

    @Override
    public RegisterFile registers(HardwareIdentity identity, RegisterFile registers) {
        return new MirroredRegisters(registers, instances(identity));
    }

    private static int instances(HardwareIdentity identity) {
        String value = identity.properties().get(PROPERTY);
        if (value == null) {
            return INSTANCES;
        }
        try {
            int count = Integer.parseInt(value);
            if (count >= 1 && count <= MOST_INSTANCES) {
                return count;
            }
        } catch (NumberFormatException refusedBelow) {
            // the message is the same as for a number out of range
        }
        throw new IommuException(
                Errno.EINVAL,
                PROPERTY + " of " + identity.iommu() + " is '" + value + "', it must be 1 to " + MOST_INSTANCES);
    }

    @Override
    public boolean sync(HardwareIdentity identity, RegisterFile registers, long sync, long status) {
        registers.write32(sync, 0);
        int instances = instances(identity);
        long stride = MirroredRegisters.stride(registers);
        long deadline = System.nanoTime() + TIMEOUT;
        for (int instance = 0; instance < instances; ) {
            if (TlbStatus.sactive(registers.read32(status + instance * stride)) == 0) {
                instance++;
            } else if (System.nanoTime() - deadline > 0) {
                throw new IommuException(
                        Errno.ETIMEDOUT,
                        String.format(
                                "the TLB synchronisation at 0x%x of instance %d of %s is not over after 1 s: deadlock?",
                                sync, instance, identity.iommu()));
            } else {
                Thread.onSpinWait();
            }
        }
        return true;
    }
}
