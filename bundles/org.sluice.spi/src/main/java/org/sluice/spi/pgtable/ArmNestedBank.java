package org.sluice.spi.pgtable;

/**
 * A guest's stage 1 over a stage 2 of ours, for an SMMUv2: what the hardware walks, as {@link ArmStage2}, and the guest's
 * context bank in the words of {@link org.sluice.spi.driver.NestingOperations}. Addresses in it are the guest's.
 *
 * @param stage2 the parent's tables
 * @param control CBA2R and SCTLR, as checked
 * @param tcr TCR2 and TCR
 * @param ttbr0 TTBR0
 * @param ttbr1 TTBR1
 * @param mair MAIR1 and MAIR0
 * @param contextidr CONTEXTIDR
 */
public record ArmNestedBank(
        ArmStage2 stage2, long control, long tcr, long ttbr0, long ttbr1, long mair, long contextidr)
        implements WalkerConfig {
    /** The parent's top table. */
    @Override
    public long root() {
        return stage2.root();
    }
}
