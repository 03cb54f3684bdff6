package org.sluice.vendor.marvell;

import org.sluice.spi.bus.RegisterFile;

/** A register file without 64-bit accesses: the upper half first, because the lower one may start something. Any thread. */
final class HalvedRegisters implements RegisterFile {
    private final RegisterFile real;

    HalvedRegisters(RegisterFile real) {
        this.real = real;
    }

    @Override
    public int read32(long offset) {
        return real.read32(offset);
    }

    @Override
    public void write32(long offset, int value) {
        real.write32(offset, value);
    }

    @Override
    public long read64(long offset) {
        long upper = real.read32(offset + Integer.BYTES);
        return upper << Integer.SIZE | real.read32(offset) & 0xffffffffL;
    }

    @Override
    public void write64(long offset, long value) {
        real.write32(offset + Integer.BYTES, (int) (value >>> Integer.SIZE));
        real.write32(offset, (int) value);
    }
}
