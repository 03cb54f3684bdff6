package org.sluice.vendor.msm;

import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * Qualcomm: some firmware turns a stream that bypasses into one that faults. Where a write of it does not stand, the last
 * context bank is reserved and left off, which lets everything pass, and streams that should bypass lead there.
 *
 * <p>That a bank is reserved is seen from its registers. So this service keeps nothing, and another instance of it, or
 * another driver, finds what was done.
 */
@Component(immediate = true)
public final class BypassEmulation implements Smmuv2Hooks {
    @Override
    public String name() {
        return "Qualcomm S2CR bypass";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return Qualcomm.match(identity);
    }

    @Override
    public RegisterFile registers(HardwareIdentity identity, RegisterFile registers) {
        return new BypassRegisters(
                registers, () -> new ReservedBank(registers, Qualcomm.lastBank(identity, registers)));
    }

    @Override
    public Smmuv2Limits probe(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits found) {
        ReservedBank bank = new ReservedBank(registers, Qualcomm.lastBank(identity, registers));
        bank.release();
        if (!bypassStands(registers, Math.min(found.streamEntries(), StreamLimit.MOST))) {
            bank.reserve();
        }
        return without(bank, found);
    }

    @Override
    public Smmuv2Limits probeRunning(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits found) {
        return without(new ReservedBank(registers, Qualcomm.lastBank(identity, registers)), found);
    }

    private static Smmuv2Limits without(ReservedBank bank, Smmuv2Limits found) {
        return bank.isReserved() ? found.withBanks(bank.number()) : found;
    }

    // tried on the last entry, which may be the boot loader's and is left as it was
    private static boolean bypassStands(RegisterFile registers, int entries) {
        long last = StreamToContext.OFFSET + Integer.BYTES * (entries - 1L);
        int before = registers.read32(last);
        registers.write32(last, (int) StreamToContext.withType(0, StreamToContext.TYPE_BYPASS));
        long found = Integer.toUnsignedLong(registers.read32(last));
        registers.write32(last, before);
        return StreamToContext.type(found) == StreamToContext.TYPE_BYPASS;
    }
}
