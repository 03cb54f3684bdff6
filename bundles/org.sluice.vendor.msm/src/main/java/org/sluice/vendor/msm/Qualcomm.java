package org.sluice.vendor.msm;

import java.util.Optional;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.SIdr1;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;

/** What firmware says about an SMMUv2 of Qualcomm's. */
final class Qualcomm {
    /** Names of all of them begin so. */
    private static final String PREFIX = "qcom,";

    /** The SMMU of an Adreno GPU. */
    static final String ADRENO = "qcom,adreno-smmu";

    /** How many context banks the hypervisor leaves to the operating system. */
    static final String BANKS = "qcom,context-banks";

    private static final int SHIFT_4K = 12;
    private static final int SHIFT_64K = 16;

    private Qualcomm() {}

    /** The reason why an SMMU is one, or empty. */
    static Optional<String> match(HardwareIdentity identity) {
        return Optional.of(identity.compatible())
                .filter(name -> name.startsWith(PREFIX))
                .map(name -> "compatible is " + name);
    }

    /** The limit of {@link #BANKS}, or {@link Integer#MAX_VALUE}. */
    static int bankLimit(HardwareIdentity identity) {
        String value = identity.properties().get(BANKS);
        if (value == null) {
            return Integer.MAX_VALUE;
        }
        if (!value.matches("[1-9]\\d{0,2}")) {
            throw new IommuException(
                    Errno.EINVAL, BANKS + " of " + identity.iommu() + " is '" + value + "', it must be 1 to 999");
        }
        return Integer.parseInt(value);
    }

    /** log2 of the page that each space of the register file takes. */
    static int pageShift(RegisterFile registers) {
        long idr1 = Integer.toUnsignedLong(registers.read32(SIdr1.OFFSET));
        return SIdr1.pagesize(idr1) == SIdr1.PAGESIZE_SIZE_64K ? SHIFT_64K : SHIFT_4K;
    }

    /** Bytes from the start of the register file to the page of a context bank. */
    static long bank(RegisterFile registers, int number) {
        long idr1 = Integer.toUnsignedLong(registers.read32(SIdr1.OFFSET));
        return (1L << SIdr1.numpagendxb(idr1) + 1) + number << pageShift(registers);
    }

    /** The last context bank that may be used, from register and firmware alone. */
    static int lastBank(HardwareIdentity identity, RegisterFile registers) {
        long idr1 = Integer.toUnsignedLong(registers.read32(SIdr1.OFFSET));
        return (int) Math.min(SIdr1.numcb(idr1), bankLimit(identity)) - 1;
    }
}
