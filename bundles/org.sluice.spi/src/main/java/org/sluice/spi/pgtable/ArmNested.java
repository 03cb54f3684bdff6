package org.sluice.spi.pgtable;

/**
 * A guest's stage 1 over a stage 2 of ours, for an SMMUv3: what the hardware walks, as {@link ArmStage2}, and the guest's
 * part of the stream table entry.
 *
 * @param stage2 the parent's tables
 * @param word0 lowest word of the guest's entry, as checked; the context table address in it is the guest's
 * @param word1 second word of it
 */
public record ArmNested(ArmStage2 stage2, long word0, long word1) implements WalkerConfig {
    /** The parent's top table. */
    @Override
    public long root() {
        return stage2.root();
    }
}
