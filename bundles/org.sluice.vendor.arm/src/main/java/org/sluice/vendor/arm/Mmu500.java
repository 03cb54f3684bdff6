package org.sluice.vendor.arm;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.smmuv2.arch.AuxiliaryControl;
import org.sluice.smmuv2.arch.SAcr;
import org.sluice.smmuv2.arch.SIdr1;
import org.sluice.smmuv2.arch.SIdr7;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * MMU-500 errata 841119 and 826419: what its prefetcher fetched ahead survives invalidation, so the prefetcher is turned off,
 * bank by bank. From r2p0 on that register is locked until the lock is taken off. Entries of the global TLB for streams that
 * match no entry and that bypass are switched on, as Linux does.
 */
@Component(immediate = true)
public final class Mmu500 implements Smmuv2Hooks {
    private static final String ARM = "arm,mmu-500";
    /** How the names of those end who built one into a chip, e.g. {@code qcom,smmu-500}. */
    private static final String INTEGRATED = "smmu-500";

    private static final int FIRST_LOCKED = 2;
    private static final int SHIFT_4K = 12;
    private static final int SHIFT_64K = 16;

    @Override
    public String name() {
        return "Arm MMU-500 errata 841119, 826419";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        String compatible = identity.compatible();
        return compatible.equals(ARM) || compatible.endsWith(INTEGRATED)
                ? Optional.of("compatible is " + compatible + ", major revision " + major(identity))
                : Optional.empty();
    }

    private static long major(HardwareIdentity identity) {
        return SIdr7.major(Integer.toUnsignedLong(identity.implementation()));
    }

    @Override
    public void reset(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits limits) {
        long control = Integer.toUnsignedLong(registers.read32(SAcr.OFFSET));
        if (major(identity) >= FIRST_LOCKED) {
            control = SAcr.withCacheLock(control, 0);
        }
        control |= SAcr.SMTNMB_TLBEN_MASK | SAcr.S2CRB_TLBEN_MASK;
        registers.write32(SAcr.OFFSET, (int) control);
        long idr1 = Integer.toUnsignedLong(registers.read32(SIdr1.OFFSET));
        int pageShift = SIdr1.pagesize(idr1) == SIdr1.PAGESIZE_SIZE_64K ? SHIFT_64K : SHIFT_4K;
        long banks = 1L << SIdr1.numpagendxb(idr1) + 1 + pageShift;
        for (int bank = 0; bank < limits.banks(); bank++) {
            long offset = banks + ((long) bank << pageShift) + AuxiliaryControl.OFFSET;
            long auxiliary = Integer.toUnsignedLong(registers.read32(offset));
            registers.write32(offset, (int) AuxiliaryControl.withCpre(auxiliary, 0));
        }
    }
}
