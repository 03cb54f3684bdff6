package org.sluice.vendor.msm;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.AuxiliaryControl;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Bank;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * The SMMU of an Adreno GPU: regions that are only partly resident (PRR; Linux's {@code set_prr_addr} and {@code set_prr_bit}).
 * A client maps every page that is not resident to one page, which firmware sets aside; the GPU reads 0 there and its writes
 * are dropped. Asked last, so that an ACTLR that other hooks choose keeps the bit.
 */
@Component(immediate = true, property = "service.ranking:Integer=-10")
public final class ResidentPage implements Smmuv2Hooks {
    /** Physical address of the page, a multiple of 4096. */
    static final String PROPERTY = "qcom,prr-page";

    /** Registers of the implementation: bits [31:0] and [63:32] of the address. */
    static final long LOW = 0x6008;

    static final long HIGH = 0x600c;
    private static final long OFFSET_IN_PAGE = 0xfff;
    private static final int ADDRESS_BITS = 48;

    @Override
    public String name() {
        return "Adreno partly resident regions";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        String page = identity.properties().get(PROPERTY);
        return page == null || !identity.compatible().equals(Qualcomm.ADRENO)
                ? Optional.empty()
                : Qualcomm.match(identity).map(reason -> reason + ", " + PROPERTY + " is " + page);
    }

    /** {@inheritDoc} Here because the GPU's bank is known and its ACTLR is not written unless a hook chooses one. */
    @Override
    public void reset(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits limits) {
        long page = page(identity);
        registers.write32(LOW, (int) page);
        registers.write32(HIGH, (int) (page >>> Integer.SIZE));
        long actlr = Qualcomm.bank(registers, AdrenoMmAllocator.BANK) + AuxiliaryControl.OFFSET;
        registers.write32(actlr, withBit(registers.read32(actlr)));
    }

    @Override
    public Smmuv2Bank initContext(HardwareIdentity identity, DeviceRecord device, Smmuv2Bank bank) {
        return bank.actlr() != null && GpuBank.isGpu(device) ? bank.withActlr(withBit(bank.actlr())) : bank;
    }

    private static int withBit(int actlr) {
        return (int) AuxiliaryControl.withPrr(actlr & 0xffffffffL, 1);
    }

    private static long page(HardwareIdentity identity) {
        String value = identity.properties().get(PROPERTY);
        try {
            long page = Long.decode(value);
            if ((page & OFFSET_IN_PAGE) == 0 && page >>> ADDRESS_BITS == 0) {
                return page;
            }
        } catch (NumberFormatException notANumber) {
            // refused below, like one that is out of range
        }
        throw new IommuException(
                Errno.EINVAL,
                PROPERTY + " of " + identity.iommu() + " is '" + value + "', it must be a multiple of 4096 below 2^"
                        + ADDRESS_BITS);
    }
}
