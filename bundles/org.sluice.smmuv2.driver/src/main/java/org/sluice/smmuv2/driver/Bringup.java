package org.sluice.smmuv2.driver;

import java.util.BitSet;
import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.SGfsr;

/** Takes an SMMU from any state to a known one, in the order of Linux's {@code arm_smmu_device_reset}. Stateless. */
final class Bringup {
    private Bringup() {}

    /**
     * Every stream aborts from here on, until a device is added and attached.
     *
     * @param kept entries of stream matching that stay, and let theirs pass
     * @param hooks run before the SMMU is enabled
     */
    static void reset(Smmuv2Unit unit, Features features, BitSet kept, Runnable hooks) {
        Space space = unit.space();
        space.setGlobal0(SGfsr.OFFSET, space.global0(SGfsr.OFFSET));
        unit.streams().reset(kept);
        unit.banks().reset();
        hooks.run();
        unit.maintenance().everything();
        space.setGlobal0(SCr0.OFFSET, control(features));
    }

    /** sCR0 of an SMMU that runs: faults are reported and interrupt, and a stream that nobody has aborts. */
    static long control(Features features) {
        long control = SCr0.GFRE_MASK
                | SCr0.GFIE_MASK
                | SCr0.GCFGFRE_MASK
                | SCr0.GCFGFIE_MASK
                | SCr0.USFCFG_MASK
                | SCr0.VMIDPNE_MASK
                | SCr0.PTM_MASK;
        control = SCr0.withVmid16en(control, features.wideVmids() ? 1 : 0);
        return SCr0.withExidenable(control, features.matching() && features.extendedIds() ? 1 : 0);
    }
}
