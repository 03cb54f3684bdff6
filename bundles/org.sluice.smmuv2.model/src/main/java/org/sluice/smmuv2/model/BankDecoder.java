package org.sluice.smmuv2.model;

import org.sluice.smmuv2.arch.ContextBankAttribute;
import org.sluice.smmuv2.arch.ContextBankAttribute2;
import org.sluice.smmuv2.arch.ContextId;
import org.sluice.smmuv2.arch.ShortTranslationControl;
import org.sluice.smmuv2.arch.Stage2TranslationControl;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.smmuv2.arch.TranslationControl;
import org.sluice.smmuv2.arch.TranslationControl2;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.smmuv2.arch.TranslationTableBase1;

/** Turns the registers of a context bank into a {@link BankContext}. Stateless. */
final class BankDecoder {
    private static final int[] SIGN_BITS = {31, 35, 39, 41, 43, 47, 48, 48};
    private static final int[] OUTPUT_BITS = {32, 36, 40, 42, 44, 48};
    private static final int LONG32_SIZE_MASK = 7;
    private static final int LONG32_OUTPUT_BITS = 40;
    private static final int INPUT_BITS_32 = 32;

    private final Identity id;

    BankDecoder(Identity id) {
        this.id = id;
    }

    /**
     * Decodes.
     *
     * @param cbar CBAR of the bank
     * @param cba2r CBA2R of the bank
     * @param bank the bank's registers
     */
    BankContext decode(long cbar, long cba2r, RegisterWords bank) {
        long sctlr = bank.get(SystemControl.OFFSET);
        BankContext.Kind kind = BankContext.Kind.values()[(int) ContextBankAttribute.type(cbar)];
        int vmid = (int) (id.wideVmids() ? ContextBankAttribute2.vmid16(cba2r) : ContextBankAttribute.vmid(cbar));
        boolean nested = kind == BankContext.Kind.NESTED;
        BankContext.Format format = format(kind, cba2r, bank);
        long tcr = bank.get(TranslationControl.OFFSET) & 0xffffffffL;
        long tcr2 = bank.get(TranslationControl2.OFFSET);
        boolean aarch64 = format == BankContext.Format.AARCH64;
        InputRange low = null;
        InputRange high = null;
        if (kind == BankContext.Kind.STAGE2) {
            low = stage2(tcr, aarch64, bank);
        } else if (aarch64) {
            low = lowerHalf(tcr, tcr2, bank);
            high = upperHalf(tcr, tcr2, bank);
        } else if (format == BankContext.Format.AARCH32_LONG) {
            low = low32(tcr, bank);
            high = high32(tcr, bank);
        }
        return new BankContext(
                SystemControl.m(sctlr) != 0,
                kind,
                format,
                low,
                high,
                format == BankContext.Format.AARCH32_SHORT ? shorts(tcr, sctlr, bank) : null,
                aarch64 ? SIGN_BITS[(int) TranslationControl2.sep(tcr2)] : INPUT_BITS_32 - 1,
                aarch64 ? (int) (TranslationControl2.tbi0(tcr2) | TranslationControl2.tbi1(tcr2) << 1) : 0,
                asid(format, tcr, bank),
                nested ? -1 : vmid,
                nested ? (int) ContextBankAttribute.cbndx(cbar) : -1,
                SystemControl.affd(sctlr) == 0,
                SystemControl.wxn(sctlr) != 0,
                SystemControl.uwxn(sctlr) != 0);
    }

    private BankContext.Format format(BankContext.Kind kind, long cba2r, RegisterWords bank) {
        if (ContextBankAttribute2.va64(cba2r) != 0) {
            return BankContext.Format.AARCH64;
        }
        boolean extended = ShortTranslationControl.eae(bank.get(TranslationControl.OFFSET) & 0xffffffffL) != 0;
        return extended || kind == BankContext.Kind.STAGE2
                ? BankContext.Format.AARCH32_LONG
                : BankContext.Format.AARCH32_SHORT;
    }

    private InputRange lowerHalf(long tcr, long tcr2, RegisterWords bank) {
        int granule = Granule.ofTg0(TranslationControl.tg0(tcr));
        if (TranslationControl.epd0(tcr) != 0 || !id.granule(granule)) {
            return null;
        }
        return InputRange.of(
                granule,
                Long.SIZE - (int) TranslationControl.t0sz(tcr),
                bank.getLong(TranslationTableBase0.OFFSET) & TranslationTableBase0.ADDR_MASK,
                outputBits(TranslationControl2.paSize(tcr2)));
    }

    private InputRange upperHalf(long tcr, long tcr2, RegisterWords bank) {
        int granule = Granule.ofTg1(TranslationControl.tg1(tcr));
        if (TranslationControl.epd1(tcr) != 0 || !id.granule(granule)) {
            return null;
        }
        return InputRange.of(
                granule,
                Long.SIZE - (int) TranslationControl.t1sz(tcr),
                bank.getLong(TranslationTableBase1.OFFSET) & TranslationTableBase1.ADDR_MASK,
                outputBits(TranslationControl2.paSize(tcr2)));
    }

    private InputRange low32(long tcr, RegisterWords bank) {
        if (TranslationControl.epd0(tcr) != 0) {
            return null;
        }
        int size = (int) TranslationControl.t0sz(tcr) & LONG32_SIZE_MASK;
        long root = bank.getLong(TranslationTableBase0.OFFSET) & TranslationTableBase0.ADDR_MASK;
        return InputRange.of(Granule.BITS_4K, INPUT_BITS_32 - size, root, outputLimit(LONG32_OUTPUT_BITS));
    }

    private InputRange high32(long tcr, RegisterWords bank) {
        int size = (int) ShortTranslationControl.t1sz(tcr);
        boolean none = size == 0 && (TranslationControl.t0sz(tcr) & LONG32_SIZE_MASK) == 0;
        if (none || TranslationControl.epd1(tcr) != 0) {
            return null;
        }
        long root = bank.getLong(TranslationTableBase1.OFFSET) & TranslationTableBase1.ADDR_MASK;
        return InputRange.of(Granule.BITS_4K, INPUT_BITS_32 - size, root, outputLimit(LONG32_OUTPUT_BITS));
    }

    private InputRange stage2(long vtcr, boolean aarch64, RegisterWords bank) {
        long root = bank.getLong(TranslationTableBase0.OFFSET) & TranslationTableBase0.ADDR_MASK;
        int sl0 = (int) Stage2TranslationControl.sl0(vtcr);
        if (!aarch64) {
            // T0SZ is a signed number of 4 bits here: up to 40 bits
            int size = (int) (Stage2TranslationControl.t0sz(vtcr) << Integer.SIZE - 4) >> Integer.SIZE - 4;
            return InputRange.startingAt(
                    Granule.BITS_4K, INPUT_BITS_32 - size, 2 - sl0, root, outputLimit(LONG32_OUTPUT_BITS));
        }
        int granule = Granule.ofTg0(Stage2TranslationControl.tg0(vtcr));
        if (!id.granule(granule)) {
            return null;
        }
        int start = (granule == Granule.BITS_4K ? 2 : 3) - sl0;
        int inputBits = Long.SIZE - (int) Stage2TranslationControl.t0sz(vtcr);
        return InputRange.startingAt(granule, inputBits, start, root, outputBits(Stage2TranslationControl.ps(vtcr)));
    }

    private static BankContext.ShortTables shorts(long ttbcr, long sctlr, RegisterWords bank) {
        return new BankContext.ShortTables(
                bank.getLong(TranslationTableBase0.OFFSET) & 0xffffffffL,
                bank.getLong(TranslationTableBase1.OFFSET) & 0xffffffffL,
                (int) ShortTranslationControl.n(ttbcr),
                ShortTranslationControl.pd0(ttbcr) != 0,
                ShortTranslationControl.pd1(ttbcr) != 0,
                SystemControl.afe(sctlr) != 0);
    }

    private static int asid(BankContext.Format format, long tcr, RegisterWords bank) {
        if (format == BankContext.Format.AARCH32_SHORT) {
            return (int) ContextId.asid(bank.get(ContextId.OFFSET));
        }
        return TranslationControl.a1(tcr) != 0
                ? (int) TranslationTableBase1.asid(bank.getLong(TranslationTableBase1.OFFSET))
                : (int) TranslationTableBase0.asid(bank.getLong(TranslationTableBase0.OFFSET));
    }

    // reserved sizes stand for the largest, and none is above what the SMMU has
    private int outputBits(long code) {
        return outputLimit(OUTPUT_BITS[(int) Math.min(code, OUTPUT_BITS.length - 1)]);
    }

    private int outputLimit(int bits) {
        return Math.min(bits, id.outputBits());
    }
}
