package org.sluice.vendor.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** MMU-600 before r2: the two stages do not work together. */
@Component(immediate = true, service = Smmuv3Hooks.class)
public final class NestingErratum extends ArmErratum {
    /** Made by the component runtime, or by a test. */
    public NestingErratum() {
        super("1209401", found -> found.product() == Implementation.MMU_600 && found.variant() < 2);
    }

    @Override
    public boolean hasNesting() {
        return false;
    }
}
