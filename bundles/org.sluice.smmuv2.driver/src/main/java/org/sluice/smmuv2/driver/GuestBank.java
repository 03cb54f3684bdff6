package org.sluice.smmuv2.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.layout.Layout;
import org.sluice.smmuv2.arch.ContextBankAttribute2;
import org.sluice.smmuv2.arch.ContextId;
import org.sluice.smmuv2.arch.ShortTranslationControl;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.smmuv2.arch.TranslationControl2;
import org.sluice.spi.pgtable.ArmNestedBank;
import org.sluice.spi.pgtable.ArmStage2;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * The context bank of a guest, as far as it may choose: where its tables are and how they are read. How faults are reported,
 * and by whose tag the TLB knows the bank, is ours.
 *
 * @param control CBA2R and SCTLR
 * @param controls TCR2 and TCR
 * @param ttbr0 TTBR0
 * @param ttbr1 TTBR1
 * @param mair MAIR1 and MAIR0
 * @param contextidr CONTEXTIDR
 */
record GuestBank(long control, long controls, long ttbr0, long ttbr1, long mair, long contextidr) {
    private static final int WORDS = 6;
    private static final long LOW = 0xffffffffL;
    private static final long SCTLR = SystemControl.M_MASK
            | SystemControl.TRE_MASK
            | SystemControl.AFE_MASK
            | SystemControl.AFFD_MASK
            | SystemControl.WXN_MASK
            | SystemControl.UWXN_MASK
            | SystemControl.ASIDPNE_MASK;
    private static final long TCR2 = TranslationControl2.PASIZE_MASK
            | TranslationControl2.AS_MASK
            | TranslationControl2.TBI0_MASK
            | TranslationControl2.TBI1_MASK
            | TranslationControl2.SEP_MASK;

    /**
     * Checks a bank.
     *
     * @param words as the guest wrote them; those beyond the end are 0
     * @param limits which formats there are
     * @throws IommuException EIO naming the field that a guest may not set
     */
    static GuestBank check(long[] words, Smmuv2Limits limits) {
        long[] all = new long[WORDS];
        System.arraycopy(words, 0, all, 0, Math.min(words.length, WORDS));
        GuestBank bank = new GuestBank(all[0], all[1], all[2], all[3], all[4], all[5]);
        require(ContextBankAttribute2.LAYOUT, bank.cba2r(), ContextBankAttribute2.VA64_MASK);
        require(SystemControl.LAYOUT, bank.sctlr(), SCTLR);
        require(TranslationControl2.LAYOUT, bank.tcr2(), bank.isWide() ? TCR2 : 0);
        require(ContextId.LAYOUT, bank.contextidr, LOW);
        if (bank.translates() && !bank.isWalkable(limits)) {
            throw new IommuException(
                    Errno.EIO,
                    String.format(
                            "a guest's CBA2R 0x%x and TCR 0x%x ask for tables that the SMMU does not walk",
                            bank.cba2r(), bank.tcr()));
        }
        return bank;
    }

    private static void require(Layout register, long value, long allowed) {
        if ((value & ~allowed) != 0) {
            throw new IommuException(
                    Errno.EIO,
                    String.format(
                            "a guest may not set bits 0x%x of %s: %s",
                            value & ~allowed, register.name(), register.describe(new long[] {value & ~allowed}, 0)));
        }
    }

    private boolean isWalkable(Smmuv2Limits limits) {
        if (isWide()) {
            return limits.aarch64();
        }
        return ShortTranslationControl.eae(tcr()) != 0 ? limits.long32() : limits.short32();
    }

    /** What was checked by a predecessor. */
    static GuestBank of(ArmNestedBank walker) {
        return new GuestBank(
                walker.control(), walker.tcr(), walker.ttbr0(), walker.ttbr1(), walker.mair(), walker.contextidr());
    }

    ArmNestedBank over(ArmStage2 stage2) {
        return new ArmNestedBank(stage2, control, controls, ttbr0, ttbr1, mair, contextidr);
    }

    /** Whether the guest translates; otherwise its addresses are the stage 2's. */
    boolean translates() {
        return SystemControl.m(sctlr()) != 0;
    }

    boolean isWide() {
        return ContextBankAttribute2.va64(cba2r()) != 0;
    }

    long sctlr() {
        return control & LOW;
    }

    long cba2r() {
        return control >>> Integer.SIZE;
    }

    long tcr() {
        return controls & LOW;
    }

    long tcr2() {
        return controls >>> Integer.SIZE;
    }
}
