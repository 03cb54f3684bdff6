package org.sluice.spi.quirk;

/**
 * Registers of a context bank as the driver is about to write them.
 *
 * @param sctlr SCTLR
 * @param actlr ACTLR; null leaves the register alone
 * @param tcr TCR
 * @param tcr2 TCR2
 */
public record Smmuv2Bank(int sctlr, Integer actlr, int tcr, int tcr2) {
    /**
     * The same with another SCTLR.
     *
     * @param value the register
     * @return the bank
     */
    public Smmuv2Bank withSctlr(int value) {
        return new Smmuv2Bank(value, actlr, tcr, tcr2);
    }

    /**
     * The same with an ACTLR.
     *
     * @param value the register
     * @return the bank
     */
    public Smmuv2Bank withActlr(int value) {
        return new Smmuv2Bank(sctlr, value, tcr, tcr2);
    }
}
