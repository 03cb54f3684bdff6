package org.sluice.smmuv2.driver;

import org.sluice.smmuv2.arch.ContextBankAttribute;
import org.sluice.smmuv2.arch.ContextBankAttribute2;
import org.sluice.smmuv2.arch.ShortTranslationControl;
import org.sluice.smmuv2.arch.Stage2TranslationControl;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.smmuv2.arch.TranslationControl;
import org.sluice.smmuv2.arch.TranslationControl2;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.smmuv2.arch.TranslationTableBase1;
import org.sluice.spi.pgtable.ArmShort;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.ArmStage2;

/**
 * Every register of a context bank, as Linux's {@code arm_smmu_init_context_bank} makes them; for a guest, as it wrote them.
 *
 * @param cbar CBAR without IRPTNDX
 * @param cba2r CBA2R
 * @param sctlr SCTLR
 * @param tcr TCR
 * @param tcr2 TCR2; counts for 64-bit tables of stage 1
 * @param ttbr0 TTBR0
 * @param ttbr1 TTBR1; counts for stage 1
 * @param mair MAIR1:MAIR0; counts for stage 1
 * @param contextidr CONTEXTIDR; counts where the context owns it
 */
record BankValues(
        long cbar, long cba2r, long sctlr, long tcr, long tcr2, long ttbr0, long ttbr1, long mair, long contextidr) {
    private static final long WRITE_BACK = 0xf;
    private static final long NON_SHAREABLE = 3;
    private static final long FAULTS = SystemControl.CFRE_MASK | SystemControl.CFIE_MASK;
    private static final long SCTLR = SystemControl.M_MASK | SystemControl.TRE_MASK | SystemControl.AFE_MASK | FAULTS;

    /**
     * The registers for a context.
     *
     * @param stall whether faults of the bank stall; others then flow on
     */
    static BankValues of(TableContext context, boolean stall) {
        long sctlr = control(SCTLR, stall);
        if (context.stage() == 2) {
            return stage2(context, (ArmStage2) context.walker(), sctlr);
        }
        sctlr = SystemControl.withAsidpne(sctlr, 1);
        return context.walker() instanceof ArmShort tables
                ? shortTables(context, tables, sctlr)
                : longTables(context, (ArmStage1) context.walker(), sctlr);
    }

    /**
     * The registers for a guest's stage 1 over a stage 2 that has a bank.
     *
     * @param stall whether faults of the bank stall; others then flow on
     */
    static BankValues of(GuestContext context, boolean stall) {
        GuestBank guest = context.guest();
        int vmid = context.parent().tag();
        long cbar = ContextBankAttribute.withType(0, ContextBankAttribute.TYPE_STAGE1_STAGE2);
        cbar = ContextBankAttribute.withCbndx(cbar, context.parent().bank());
        return new BankValues(
                ContextBankAttribute.withVmid(cbar, vmid & (int) ContextBankAttribute.VMID_MASK),
                ContextBankAttribute2.withVmid16(guest.cba2r(), vmid),
                control(guest.sctlr() | FAULTS | SystemControl.ASIDPNE_MASK, stall),
                guest.tcr(),
                guest.tcr2(),
                guest.ttbr0(),
                guest.ttbr1(),
                guest.mair(),
                guest.contextidr());
    }

    private static long control(long sctlr, boolean stall) {
        return stall ? sctlr | SystemControl.CFCFG_MASK | SystemControl.HUPCF_MASK : sctlr;
    }

    private static long stage1Attribute() {
        long cbar = ContextBankAttribute.withType(0, ContextBankAttribute.TYPE_STAGE1_STAGE2_BYPASS);
        return ContextBankAttribute.withMemAttr(ContextBankAttribute.withBpshcfg(cbar, NON_SHAREABLE), WRITE_BACK);
    }

    private static long attribute2(TableContext context, int vmid) {
        long cba2r = ContextBankAttribute2.withVa64(0, context.isWide() ? 1 : 0);
        return ContextBankAttribute2.withVmid16(cba2r, vmid);
    }

    private static BankValues longTables(TableContext context, ArmStage1 walker, long sctlr) {
        int asid = context.tag();
        long tcr;
        long tcr2 = 0;
        if (context.isWide()) {
            tcr = walker.upperHalf() ? upper(walker) : lower(TranslationControl.EPD1_MASK, walker);
            tcr2 = TranslationControl2.withPaSize(0, walker.ips());
            tcr2 = TranslationControl2.withSep(tcr2, TranslationControl2.SEP_UPSTREAM);
            tcr2 = TranslationControl2.withAs(tcr2, 1);
        } else {
            // T0SZ has three bits here, and 0 stands for 32 bits of address
            tcr = lower(ShortTranslationControl.EAE_MASK | TranslationControl.EPD1_MASK, walker)
                    & ~TranslationControl.T0SZ_MASK;
        }
        long half0 = walker.upperHalf() ? 0 : walker.root();
        long half1 = walker.upperHalf() ? walker.root() : 0;
        return new BankValues(
                stage1Attribute(),
                attribute2(context, 0),
                sctlr,
                tcr,
                tcr2,
                TranslationTableBase0.withAsid(half0, asid),
                TranslationTableBase1.withAsid(half1, asid),
                walker.mair(),
                0);
    }

    /** TCR with the fields of the lower half from a table. */
    static long lower(long tcr, ArmStage1 walker) {
        long word = TranslationControl.withT0sz(tcr & ~TranslationControl.EPD0_MASK, walker.tsz());
        word = TranslationControl.withTg0(word, walker.tg());
        word = TranslationControl.withSh0(word, walker.sh());
        return TranslationControl.withOrgn0(TranslationControl.withIrgn0(word, walker.irgn()), walker.orgn());
    }

    // without a process the lower half is off, not merely unprogrammed
    private static long upper(ArmStage1 walker) {
        long word = TranslationControl.withT1sz(TranslationControl.EPD0_MASK, walker.tsz());
        word = TranslationControl.withTg1(word, walker.tg());
        word = TranslationControl.withSh1(word, walker.sh());
        return TranslationControl.withOrgn1(TranslationControl.withIrgn1(word, walker.irgn()), walker.orgn());
    }

    private static BankValues shortTables(TableContext context, ArmShort tables, long sctlr) {
        return new BankValues(
                stage1Attribute(),
                attribute2(context, 0),
                sctlr,
                tables.tcr() & 0xffffffffL,
                0,
                tables.ttbr() & 0xffffffffL,
                0,
                tables.prrr() & 0xffffffffL | (long) tables.nmrr() << Integer.SIZE,
                context.tag());
    }

    private static BankValues stage2(TableContext context, ArmStage2 walker, long sctlr) {
        long cbar = ContextBankAttribute.withType(0, ContextBankAttribute.TYPE_STAGE2);
        int narrow = context.tag() & (int) ContextBankAttribute.VMID_MASK;
        long vtcr = Stage2TranslationControl.withT0sz(0, walker.tsz());
        vtcr = Stage2TranslationControl.withSl0(vtcr, walker.sl());
        vtcr = Stage2TranslationControl.withTg0(vtcr, walker.tg());
        vtcr = Stage2TranslationControl.withSh0(vtcr, walker.sh());
        vtcr = Stage2TranslationControl.withIrgn0(vtcr, walker.irgn());
        vtcr = Stage2TranslationControl.withOrgn0(vtcr, walker.orgn());
        vtcr = Stage2TranslationControl.withPs(vtcr, walker.ps());
        return new BankValues(
                ContextBankAttribute.withVmid(cbar, narrow),
                attribute2(context, context.tag()),
                sctlr,
                vtcr,
                0,
                walker.root(),
                0,
                0,
                0);
    }
}
