package org.sluice.vendor.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** MMU-700, MMU-L1 and MMU-S3: they miss some of the CPUs' TLB maintenance. */
@Component(immediate = true, service = Smmuv3Hooks.class)
public final class BroadcastErratum extends ArmErratum {
    /** Made by the component runtime, or by a test. */
    public BroadcastErratum() {
        super(
                "3878312, 3995052",
                found -> found.product() == Implementation.MMU_700
                        || found.product() == Implementation.MMU_L1
                        || found.product() == Implementation.MMU_S3);
    }

    @Override
    public int idRegister(long offset, int value) {
        return offset == Idr0.ADDRESS ? (int) Idr0.withBtm(Integer.toUnsignedLong(value), 0) : value;
    }
}
