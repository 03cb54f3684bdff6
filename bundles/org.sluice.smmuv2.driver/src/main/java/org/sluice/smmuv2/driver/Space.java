package org.sluice.smmuv2.driver;

import org.sluice.smmuv2.arch.SIdr1;
import org.sluice.spi.bus.RegisterFile;

/**
 * The register file by its spaces: global spaces 0 and 1, and a page for each context bank in the upper half. Any thread.
 */
final class Space {
    private static final int SHIFT_4K = 12;
    private static final int SHIFT_64K = 16;

    private final RegisterFile registers;
    private final int pageShift;
    private final long banks;

    Space(RegisterFile registers) {
        this.registers = registers;
        long idr1 = registers.read32(SIdr1.OFFSET) & 0xffffffffL;
        pageShift = SIdr1.pagesize(idr1) == SIdr1.PAGESIZE_SIZE_64K ? SHIFT_64K : SHIFT_4K;
        banks = 1L << SIdr1.numpagendxb(idr1) + 1 + pageShift;
    }

    RegisterFile registers() {
        return registers;
    }

    /** Context banks that the file has room for. */
    int room() {
        return (int) (banks >>> pageShift);
    }

    long global0(int offset) {
        return registers.read32(offset) & 0xffffffffL;
    }

    void setGlobal0(int offset, long value) {
        registers.write32(offset, (int) value);
    }

    long global1(int offset) {
        return registers.read32((1L << pageShift) + offset) & 0xffffffffL;
    }

    void setGlobal1(int offset, long value) {
        registers.write32((1L << pageShift) + offset, (int) value);
    }

    /** Bytes from the start of the file to a register of a bank. */
    long bank(int number, int offset) {
        return banks + ((long) number << pageShift) + offset;
    }

    long bank32(int number, int offset) {
        return registers.read32(bank(number, offset)) & 0xffffffffL;
    }

    void setBank32(int number, int offset, long value) {
        registers.write32(bank(number, offset), (int) value);
    }

    long bank64(int number, int offset) {
        return registers.read64(bank(number, offset));
    }

    void setBank64(int number, int offset, long value) {
        registers.write64(bank(number, offset), value);
    }
}
