package org.sluice.smmuv2.model;

/**
 * Qualcomm's page for regions that are only partly resident (PRR): what a bank with ACTLR.PRR leads to it reads as 0, and writes
 * to it are dropped. Two registers of the implementation say where it is. Any thread.
 */
final class ResidentPage {
    /** Bits [31:0] and [63:32] of its address, from the start of the register file. */
    static final long LOW = 0x6008;

    static final long HIGH = 0x600c;
    private static final long OFFSET_IN_PAGE = 0xfff;

    private volatile int low;
    private volatile int high;

    int read(long register) {
        return register == LOW ? low : high;
    }

    void write(long register, int value) {
        if (register == LOW) {
            low = value;
        } else {
            high = value;
        }
    }

    /** Whether a register is one of the two. */
    static boolean isHere(long register) {
        return register == LOW || register == HIGH;
    }

    boolean contains(long physical) {
        return (physical & ~OFFSET_IN_PAGE) == (low & 0xffffffffL | (long) high << Integer.SIZE);
    }
}
