package org.sluice.vendor.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** MMU-600 up to r0p2: the event at the end of a CMD_SYNC cannot be relied on. */
@Component(immediate = true, service = Smmuv3Hooks.class)
public final class WakeEventErratum extends ArmErratum {
    /** Made by the component runtime, or by a test. */
    public WakeEventErratum() {
        super(
                "1076982",
                found -> found.product() == Implementation.MMU_600 && found.variant() == 0 && found.revision() <= 2);
    }

    @Override
    public int idRegister(long offset, int value) {
        return offset == Idr0.ADDRESS ? (int) Idr0.withSev(Integer.toUnsignedLong(value), 0) : value;
    }
}
