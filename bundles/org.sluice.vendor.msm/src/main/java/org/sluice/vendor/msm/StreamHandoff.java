package org.sluice.vendor.msm;

import java.util.BitSet;
import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.SIdr0;
import org.sluice.smmuv2.arch.StreamMatch;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * Qualcomm: devices run before the operating system does, a display that shows the boot loader's frame buffer for one. The
 * entries of stream matching that the boot loader made for them stay through the reset, and pass until somebody attaches the
 * device.
 */
@Component(immediate = true)
public final class StreamHandoff implements Smmuv2Hooks {
    @Override
    public String name() {
        return "Qualcomm stream handoff";
    }

    @Override
    public Optional<String> match(HardwareIdentity identity) {
        return Qualcomm.match(identity);
    }

    @Override
    public BitSet keptStreams(HardwareIdentity identity, RegisterFile registers, Smmuv2Limits limits) {
        BitSet kept = new BitSet();
        if (SIdr0.sms(word(registers, SIdr0.OFFSET)) == 0) {
            return kept;
        }
        boolean extended = SCr0.exidenable(word(registers, SCr0.OFFSET)) != 0;
        for (int index = 0; index < limits.streamEntries(); index++) {
            int element = Integer.BYTES * index;
            boolean valid = extended
                    ? StreamToContext.exidvalid(word(registers, StreamToContext.OFFSET + element)) != 0
                    : StreamMatch.valid(word(registers, StreamMatch.OFFSET + element)) != 0;
            kept.set(index, valid);
        }
        return kept;
    }

    private static long word(RegisterFile registers, long offset) {
        return Integer.toUnsignedLong(registers.read32(offset));
    }
}
