package org.sluice.spi.bus;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * What software asks of the machine around an IOMMU, beside registers of the IOMMU itself: of firmware in the secure world,
 * of the memory controller. A board implements what its machine has; anything else is refused with EOPNOTSUPP. Vendor hooks
 * call it. Any thread.
 */
@ConsumerType
public interface PlatformCalls {
    /** A machine that has none of it. */
    PlatformCalls NONE = new PlatformCalls() {};

    /**
     * Whether a TLB synchronisation waits until real-time clients (a display) say that it is safe: firmware's switch on
     * SDM845, Linux's {@code qcom_scm_qsmmu500_wait_safe_toggle}.
     *
     * @param on as after a reset; false for synchronisations that end by themselves
     * @throws IommuException EOPNOTSUPP the firmware has no such call
     */
    default void waitForSafe(boolean on) {
        throw new IommuException(Errno.EOPNOTSUPP, "firmware has no call to switch wait-for-safe");
    }

    /**
     * Makes the memory controller put a device's own StreamIDs on its traffic, in place of what the boot loader left there:
     * Linux's {@code tegra_mc_probe_device}.
     *
     * @param streamIds the device's, as firmware names them
     * @throws IommuException EOPNOTSUPP the memory controller does not touch StreamIDs
     */
    default void overrideStreams(List<Integer> streamIds) {
        throw new IommuException(Errno.EOPNOTSUPP, "the memory controller has no override for streams " + streamIds);
    }
}
