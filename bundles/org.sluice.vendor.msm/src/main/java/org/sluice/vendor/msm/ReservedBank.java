package org.sluice.vendor.msm;

import org.sluice.smmuv2.arch.ContextBankAttribute;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.spi.bus.RegisterFile;

/**
 * A context bank that is off, so that what leads there passes. CBAR tells it from one that is merely not in use: of stage 1,
 * with memory attributes that no driver gives to a bank which translates (0, Device memory). Any thread.
 */
final class ReservedBank {
    private static final long MARK = ContextBankAttribute.withType(0, ContextBankAttribute.TYPE_STAGE1_STAGE2_BYPASS);

    private final RegisterFile registers;
    private final int number;
    private final long attribute;
    private final long control;

    ReservedBank(RegisterFile registers, int number) {
        this.registers = registers;
        this.number = number;
        attribute = (1L << Qualcomm.pageShift(registers)) + ContextBankAttribute.OFFSET + (long) Integer.BYTES * number;
        control = Qualcomm.bank(registers, number) + SystemControl.OFFSET;
    }

    int number() {
        return number;
    }

    boolean isReserved() {
        return Integer.toUnsignedLong(registers.read32(attribute)) == MARK
                && SystemControl.m(Integer.toUnsignedLong(registers.read32(control))) == 0;
    }

    void reserve() {
        registers.write32(control, 0);
        registers.write32(attribute, (int) MARK);
    }

    /** Takes back what an earlier owner of the SMMU may have left. */
    void release() {
        if (isReserved()) {
            registers.write32(attribute, 0);
        }
    }
}
