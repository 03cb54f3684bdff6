package org.sluice.vendor.hisilicon;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** HiSilicon's Hi161x: CMD_PREFETCH_CONFIG is not implemented. */
@Component(immediate = true)
public final class PrefetchErratum implements Smmuv3Hooks {
    private static final String DEVICE_TREE = "hisilicon,broken-prefetch-cmd";

    /** ACPI's model of an SMMU, as its IORT node has it. */
    private static final String IORT_MODEL = "iort-model";

    private static final String IORT_HI161X = "1";

    @Override
    public String name() {
        return "HiSilicon broken prefetch command";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        if (identity.properties().containsKey(DEVICE_TREE)) {
            return Optional.of("firmware says " + DEVICE_TREE);
        }
        return IORT_HI161X.equals(identity.properties().get(IORT_MODEL))
                ? Optional.of(IORT_MODEL + " is " + IORT_HI161X)
                : Optional.empty();
    }

    @Override
    public boolean hasPrefetch() {
        return false;
    }
}
