package org.sluice.smmuv2.driver;

import org.sluice.spi.driver.TranslationContext;

/** A context that devices are led to by way of a bank. Any thread. */
abstract class BankContext implements TranslationContext {
    /** No bank uses it, so nothing of it is cached. */
    static final int NO_BANK = -1;

    private volatile int bank = NO_BANK;

    /** The bank that streams lead to and that it is invalidated through, or {@link #NO_BANK}. */
    int bank() {
        return bank;
    }

    final void setBank(int number) {
        bank = number;
    }

    /** What its bank has to be able to do. */
    abstract int stage();

    /** Whether it is complete, so that a bank can walk it. */
    abstract boolean isInstalled();

    /** Whether it is this one or translates by it. */
    abstract boolean rests(BankContext on);

    /** Whether a device may load tables of its own beneath it. */
    abstract boolean isUpperHalf();

    /** Whether registers have the form of the 64-bit formats. */
    abstract boolean isWide();

    /** Whether CONTEXTIDR is the context's, rather than whatever its device writes there. */
    abstract boolean ownsContextId();

    /**
     * The registers of its bank, before hooks.
     *
     * @param stall whether faults of the bank stall; others then flow on
     */
    abstract BankValues values(boolean stall);
}
