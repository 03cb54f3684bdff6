package org.sluice.smmuv3.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.IrqCtrlAck;
import org.sluice.spi.bus.RegisterFile;

/**
 * The registers whose writes take effect only once the SMMU says so. Values are the registers' bits in a long. One thread at
 * a time.
 */
final class ControlRegisters {
    private final RegisterFile registers;

    ControlRegisters(RegisterFile registers) {
        this.registers = registers;
    }

    /**
     * A 32-bit register without sign.
     *
     * @param registers whose
     * @param address offset in bytes
     * @return the value
     */
    static long read32(RegisterFile registers, long address) {
        return Integer.toUnsignedLong(registers.read32(address));
    }

    /**
     * Writes CR0 and waits until every bit of it acts.
     *
     * @param value all of CR0
     * @throws IommuException ETIMEDOUT
     */
    void writeCr0(long value) {
        writeAcknowledged("CR0", Cr0.ADDRESS, Cr0Ack.ADDRESS, value);
    }

    /**
     * Writes IRQ_CTRL and waits until every bit of it acts.
     *
     * @param value all of IRQ_CTRL
     * @throws IommuException ETIMEDOUT
     */
    void writeIrqCtrl(long value) {
        writeAcknowledged("IRQ_CTRL", IrqCtrl.ADDRESS, IrqCtrlAck.ADDRESS, value);
    }

    /**
     * Makes everything abort while translation is disabled.
     *
     * @throws IommuException ETIMEDOUT
     */
    void abortWhileDisabled() {
        awaitGbpa();
        long gbpa = Gbpa.withAbort(read32(registers, Gbpa.ADDRESS), 1);
        registers.write32(Gbpa.ADDRESS, (int) Gbpa.withUpdate(gbpa, 1));
        awaitGbpa();
    }

    private void awaitGbpa() {
        long deadline = System.nanoTime() + Deadline.NANOS;
        for (int round = 0; Gbpa.update(read32(registers, Gbpa.ADDRESS)) != 0; round++) {
            if (System.nanoTime() - deadline > 0) {
                throw new IommuException(Errno.ETIMEDOUT, "GBPA.Update stayed 1 for 1 s");
            }
            Deadline.pause(round);
        }
    }

    private void writeAcknowledged(String name, long address, long acknowledge, long value) {
        registers.write32(address, (int) value);
        long deadline = System.nanoTime() + Deadline.NANOS;
        for (int round = 0; read32(registers, acknowledge) != value; round++) {
            if (System.nanoTime() - deadline > 0) {
                throw new IommuException(
                        Errno.ETIMEDOUT,
                        String.format(
                                "%s was written 0x%x, but after 1 s %sACK still reads 0x%x",
                                name, value, name, read32(registers, acknowledge)));
            }
            Deadline.pause(round);
        }
    }
}
