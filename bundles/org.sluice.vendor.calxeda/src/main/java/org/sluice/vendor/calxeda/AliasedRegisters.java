package org.sluice.vendor.calxeda;

import org.sluice.smmuv2.arch.SAcr;
import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.SGfar;
import org.sluice.smmuv2.arch.SGfsr;
import org.sluice.smmuv2.arch.SGfsynr0;
import org.sluice.smmuv2.arch.SGfsynr1;
import org.sluice.smmuv2.arch.SGfsynr2;
import org.sluice.spi.bus.RegisterFile;

/** A register file whose banked registers are reached at their Non-secure aliases. Any thread. */
final class AliasedRegisters implements RegisterFile {
    /** From a register to its alias, in bytes. */
    private static final int ALIAS = 0x400;

    private final RegisterFile real;

    AliasedRegisters(RegisterFile real) {
        this.real = real;
    }

    private static long place(long offset) {
        boolean banked = offset == SCr0.OFFSET
                || offset == SAcr.OFFSET
                || offset == SGfar.OFFSET
                || offset == SGfar.OFFSET + Integer.BYTES
                || offset == SGfsr.OFFSET
                || offset == SGfsynr0.OFFSET
                || offset == SGfsynr1.OFFSET
                || offset == SGfsynr2.OFFSET;
        return banked ? offset + ALIAS : offset;
    }

    @Override
    public int read32(long offset) {
        return real.read32(place(offset));
    }

    @Override
    public void write32(long offset, int value) {
        real.write32(place(offset), value);
    }

    @Override
    public long read64(long offset) {
        return real.read64(place(offset));
    }

    @Override
    public void write64(long offset, long value) {
        real.write64(place(offset), value);
    }
}
