package org.sluice.spi.bus;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Memory-mapped registers of one device. Accesses are ordered: every earlier write of this thread to memory is visible to
 * the device when a register write reaches it, and a read of memory after a register read sees what the device wrote
 * before. An unknown offset reads 0 and ignores writes, as the architecture's RES0.
 */
@ConsumerType
public interface RegisterFile {
    /**
     * Reads a 32-bit register.
     *
     * @param offset bytes from the device's base, multiple of 4
     * @return the value
     */
    int read32(long offset);

    /**
     * Writes a 32-bit register.
     *
     * @param offset bytes from the device's base, multiple of 4
     * @param value the value
     */
    void write32(long offset, int value);

    /**
     * Reads a 64-bit register.
     *
     * @param offset bytes from the device's base, multiple of 8
     * @return the value
     */
    long read64(long offset);

    /**
     * Writes a 64-bit register.
     *
     * @param offset bytes from the device's base, multiple of 8
     * @param value the value
     */
    void write64(long offset, long value);
}
