package org.sluice.smmuv2.driver;

import org.sluice.spi.bus.RegisterFile;

/** The register file with the hooks of the moment before it, so that everybody keeps one object when hooks change. Any thread. */
final class HookedRegisters implements RegisterFile {
    private final RegisterFile raw;
    private volatile RegisterFile current;

    HookedRegisters(RegisterFile raw, Hooks hooks) {
        this.raw = raw;
        use(hooks);
    }

    /** From now on accesses go through these hooks. */
    void use(Hooks hooks) {
        current = hooks.registers(raw);
    }

    @Override
    public int read32(long offset) {
        return current.read32(offset);
    }

    @Override
    public void write32(long offset, int value) {
        current.write32(offset, value);
    }

    @Override
    public long read64(long offset) {
        return current.read64(offset);
    }

    @Override
    public void write64(long offset, long value) {
        current.write64(offset, value);
    }
}
