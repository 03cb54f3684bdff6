package org.sluice.smmuv2.driver;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.AuxiliaryControl;
import org.sluice.smmuv2.arch.ContextBankAttribute;
import org.sluice.smmuv2.arch.ContextBankAttribute2;
import org.sluice.smmuv2.arch.ContextId;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.smmuv2.arch.MemoryAttributes0;
import org.sluice.smmuv2.arch.MemoryAttributes1;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.smmuv2.arch.TranslationControl;
import org.sluice.smmuv2.arch.TranslationControl2;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.smmuv2.arch.TranslationTableBase1;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.quirk.Smmuv2Bank;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * The context banks: who has which, and their registers. The core serialises the calls; {@link #owner} is for any thread.
 */
final class Banks {
    private static final long STALL_CONTROL = SystemControl.CFCFG_MASK | SystemControl.HUPCF_MASK;

    private final Space space;
    private final Smmuv2Limits limits;
    private final int interrupts;
    private final Supplier<Hooks> hooks;
    private final BitSet free = new BitSet();
    private final Map<Integer, BankContext> owners = new HashMap<>();

    Banks(Space space, Smmuv2Limits limits, int interrupts, Supplier<Hooks> hooks) {
        this.space = space;
        this.limits = limits;
        this.interrupts = interrupts;
        this.hooks = hooks;
        free.set(0, limits.banks());
    }

    int count() {
        return limits.banks();
    }

    /** Turns every bank off and forgets its fault. */
    void reset() {
        for (int bank = 0; bank < limits.banks(); bank++) {
            space.setBank32(bank, SystemControl.OFFSET, 0);
            space.setBank32(bank, FaultStatus.OFFSET, -1);
        }
    }

    /** The context of a bank, or null. */
    synchronized BankContext owner(int bank) {
        return owners.get(bank);
    }

    /** Asks something of a context's bank, which stays its own meanwhile; empty where it has none or uses another's. */
    synchronized OptionalLong inBankOf(BankContext context, IntFunction<OptionalLong> question) {
        int bank = context.bank();
        return owners.get(bank) == context ? question.apply(bank) : OptionalLong.empty();
    }

    /**
     * Gives a context a bank and programs it.
     *
     * @throws IommuException ENOSPC, EBUSY; nothing changed
     */
    synchronized void give(BankContext context, DeviceRecord device) {
        BitSet suitable = (BitSet) free.clone();
        if (context.stage() == 1) {
            suitable.clear(0, limits.stage2Banks());
        }
        int bank = hooks.get().contextBank(device, suitable);
        if (bank < 0) {
            // stage 2 takes the banks that can do nothing else first
            bank = suitable.nextSetBit(0);
        }
        if (bank < 0) {
            throw new IommuException(
                    Errno.ENOSPC,
                    "all " + limits.banks() + " context banks that do stage " + context.stage() + " are in use");
        }
        free.clear(bank);
        owners.put(bank, context);
        context.setBank(bank);
        program(bank, context.values(device.port().canStall()), context, device);
    }

    /** Takes note of a bank that a context was found to use. */
    synchronized void found(int bank, BankContext context) {
        free.clear(bank);
        owners.put(bank, context);
        context.setBank(bank);
    }

    /** Turns the bank of a context off; its translations are gone and no stream uses it. */
    synchronized void takeBack(BankContext context) {
        int bank = context.bank();
        space.setBank32(bank, SystemControl.OFFSET, 0);
        context.invalidateAll();
        context.setBank(BankContext.NO_BANK);
        owners.remove(bank);
        free.set(bank);
    }

    private void program(int bank, BankValues values, BankContext context, DeviceRecord device) {
        Smmuv2Bank hooked = hooks.get()
                .initContext(
                        device, new Smmuv2Bank((int) values.sctlr(), null, (int) values.tcr(), (int) values.tcr2()));
        space.setBank32(bank, SystemControl.OFFSET, 0);
        space.setGlobal1(ContextBankAttribute2.OFFSET + Integer.BYTES * bank, values.cba2r());
        space.setGlobal1(ContextBankAttribute.OFFSET + Integer.BYTES * bank, attribute(bank, values.cbar()));
        if (context.stage() == 1 && context.isWide()) {
            space.setBank32(bank, TranslationControl2.OFFSET, hooked.tcr2());
        }
        space.setBank32(bank, TranslationControl.OFFSET, hooked.tcr());
        space.setBank64(bank, TranslationTableBase0.OFFSET, values.ttbr0());
        if (context.stage() == 1) {
            space.setBank64(bank, TranslationTableBase1.OFFSET, values.ttbr1());
            space.setBank32(bank, MemoryAttributes0.OFFSET, values.mair());
            space.setBank32(bank, MemoryAttributes1.OFFSET, values.mair() >>> Integer.SIZE);
            if (context.ownsContextId()) {
                space.setBank32(bank, ContextId.OFFSET, values.contextidr());
            }
        }
        if (hooked.actlr() != null) {
            space.setBank32(bank, AuxiliaryControl.OFFSET, hooked.actlr());
        }
        space.setBank32(bank, SystemControl.OFFSET, hooked.sctlr());
    }

    // banks share interrupts when there are fewer of those
    private long attribute(int bank, long cbar) {
        return ContextBankAttribute.withIrptndx(cbar, bank % interrupts);
    }

    /** The bank of the stage 2 beneath a bank that was found. */
    int beneath(int bank) {
        return (int) ContextBankAttribute.cbndx(space.global1(ContextBankAttribute.OFFSET + Integer.BYTES * bank));
    }

    /** Compares a bank with what this driver would have written; null when it agrees. */
    String difference(int bank, BankContext context, DeviceRecord device, boolean lowerHalfIsTheClients) {
        BankValues values = context.values(device.port().canStall());
        Smmuv2Bank hooked = hooks.get()
                .initContext(
                        device, new Smmuv2Bank((int) values.sctlr(), null, (int) values.tcr(), (int) values.tcr2()));
        long lowerHalf = TranslationControl.T0SZ_MASK
                | TranslationControl.EPD0_MASK
                | TranslationControl.IRGN0_MASK
                | TranslationControl.ORGN0_MASK
                | TranslationControl.SH0_MASK
                | TranslationControl.TG0_MASK;
        Comparison comparison = new Comparison(bank);
        int element = Integer.BYTES * bank;
        comparison.same("CBAR", space.global1(ContextBankAttribute.OFFSET + element), attribute(bank, values.cbar()));
        comparison.same("CBA2R", space.global1(ContextBankAttribute2.OFFSET + element), values.cba2r());
        // whether faults stall is set while the bank is in use: the register is where that is remembered
        comparison.same(
                "SCTLR",
                space.bank32(bank, SystemControl.OFFSET) & ~STALL_CONTROL,
                hooked.sctlr() & 0xffffffffL & ~STALL_CONTROL);
        long tcrUsed = lowerHalfIsTheClients ? ~lowerHalf : -1;
        comparison.same(
                "TCR", space.bank32(bank, TranslationControl.OFFSET) & tcrUsed, hooked.tcr() & 0xffffffffL & tcrUsed);
        if (context.stage() == 1 && context.isWide()) {
            comparison.same("TCR2", space.bank32(bank, TranslationControl2.OFFSET), hooked.tcr2() & 0xffffffffL);
        }
        if (!lowerHalfIsTheClients) {
            comparison.same("TTBR0", space.bank64(bank, TranslationTableBase0.OFFSET), values.ttbr0());
        }
        if (context.stage() == 1) {
            comparison.same("TTBR1", space.bank64(bank, TranslationTableBase1.OFFSET), values.ttbr1());
            comparison.same("MAIR0", space.bank32(bank, MemoryAttributes0.OFFSET), values.mair() & 0xffffffffL);
            comparison.same("MAIR1", space.bank32(bank, MemoryAttributes1.OFFSET), values.mair() >>> Integer.SIZE);
        }
        if (context.ownsContextId()) {
            comparison.same("CONTEXTIDR", space.bank32(bank, ContextId.OFFSET), values.contextidr() & 0xffffffffL);
        }
        return comparison.first();
    }

    /** The first register that differs. */
    private static final class Comparison {
        private final int bank;
        private String first;

        Comparison(int bank) {
            this.bank = bank;
        }

        void same(String register, long found, long wanted) {
            if (found != wanted && first == null) {
                first = String.format("%s of bank %d is 0x%x, wanted 0x%x", register, bank, found, wanted);
            }
        }

        String first() {
            return first;
        }
    }

    /**
     * Lets faults of a bank stall, or not: CFCFG is sampled at each fault. HUPCF stays, so that a fault that was not cleared
     * yet keeps nobody out.
     */
    synchronized void setStall(int bank, boolean stall) {
        long sctlr = space.bank32(bank, SystemControl.OFFSET);
        space.setBank32(bank, SystemControl.OFFSET, stall ? sctlr | STALL_CONTROL : sctlr & ~SystemControl.CFCFG_MASK);
    }

    /** Whether the device of a bank may load its own tables into the lower half. */
    boolean isLowerHalfOn(int bank) {
        return TranslationControl.epd0(space.bank32(bank, TranslationControl.OFFSET)) == 0;
    }

    /** Turns the lower half of a bank on, for tables of this shape; no other register is written. */
    void enableLowerHalf(int bank, ArmStage1 shape) {
        long tcr = space.bank32(bank, TranslationControl.OFFSET);
        space.setBank32(bank, TranslationControl.OFFSET, BankValues.lower(tcr, shape));
    }

    /** Turns it off and takes out what was loaded last. */
    void disableLowerHalf(int bank, int asid) {
        long tcr = space.bank32(bank, TranslationControl.OFFSET);
        space.setBank32(bank, TranslationControl.OFFSET, tcr | TranslationControl.EPD0_MASK);
        space.setBank64(bank, TranslationTableBase0.OFFSET, TranslationTableBase0.withAsid(0, asid));
    }
}
