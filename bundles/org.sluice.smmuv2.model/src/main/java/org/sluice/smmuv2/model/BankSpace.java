package org.sluice.smmuv2.model;

import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.sluice.layout.Access;
import org.sluice.layout.Register;
import org.sluice.smmuv2.arch.AddressTranslationStatus;
import org.sluice.smmuv2.arch.Ats1PrivilegedRead;
import org.sluice.smmuv2.arch.Ats1PrivilegedWrite;
import org.sluice.smmuv2.arch.Ats1UnprivilegedRead;
import org.sluice.smmuv2.arch.Ats1UnprivilegedWrite;
import org.sluice.smmuv2.arch.AuxiliaryControl;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.smmuv2.arch.FaultStatusRestore;
import org.sluice.smmuv2.arch.PhysicalAddress;
import org.sluice.smmuv2.arch.Registers;
import org.sluice.smmuv2.arch.Resume;
import org.sluice.smmuv2.arch.TlbStatus;
import org.sluice.smmuv2.arch.TlbSync;
import org.sluice.smmuv2.arch.TlbiAll;
import org.sluice.smmuv2.arch.TlbiAsid;
import org.sluice.smmuv2.arch.TlbiIpaS2;
import org.sluice.smmuv2.arch.TlbiIpaS2l;
import org.sluice.smmuv2.arch.TlbiVa;
import org.sluice.smmuv2.arch.TlbiVaa;
import org.sluice.smmuv2.arch.TlbiVaal;
import org.sluice.smmuv2.arch.TlbiVal;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/** What accesses to the page of a context bank do. Any thread. */
final class BankSpace {
    private static final Map<Integer, Register> REGISTERS = Registers.ALL.stream()
            .filter(register -> register.page() == 2)
            .collect(Collectors.toUnmodifiableMap(Register::offset, Function.identity()));

    private final Identity id;
    private final GlobalSpace global;
    private final Invalidation invalidation;
    private final Translator translator;
    private final Statistics statistics;
    private final boolean auxiliaryLockable;

    BankSpace(
            Identity id,
            GlobalSpace global,
            Invalidation invalidation,
            Translator translator,
            Statistics statistics,
            boolean auxiliaryLockable) {
        this.id = id;
        this.global = global;
        this.invalidation = invalidation;
        this.translator = translator;
        this.statistics = statistics;
        this.auxiliaryLockable = auxiliaryLockable;
    }

    long read(ContextBank bank, int offset) {
        Register register = REGISTERS.get(offset);
        if (register == null) {
            Register wide = REGISTERS.get(offset - Integer.BYTES);
            boolean upper = wide != null && wide.width() == Long.SIZE && wide.access() != Access.WO;
            return upper ? bank.words().get(offset) : 0;
        }
        if (register.access() == Access.WO || offset == TlbSync.OFFSET || offset == AddressTranslationStatus.OFFSET) {
            return 0;
        }
        if (offset == TlbStatus.OFFSET) {
            return TlbStatus.withSactive(0, invalidation.isSynchronising() ? 1 : 0);
        }
        return bank.words().get(offset);
    }

    /**
     * A write.
     *
     * @param wide whether all 64 bits are given; else {@code value} is one word
     */
    void write(ContextBank bank, int offset, long value, boolean wide) {
        Register register = REGISTERS.get(offset);
        if (register == null) {
            Register lower = REGISTERS.get(offset - Integer.BYTES);
            if (lower != null && lower.width() == Long.SIZE && lower.access() == Access.RW) {
                bank.configure(offset, value, false);
            }
            return;
        }
        if (register.access() == Access.WO) {
            statistics.operation(register.layout().name());
            operate(bank, offset, value);
        } else if (offset == FaultStatus.OFFSET) {
            bank.clear(value);
        } else if (register.access() == Access.RW && !isLocked(offset)) {
            bank.configure(offset, value, wide && register.width() == Long.SIZE);
        }
    }

    private boolean isLocked(int offset) {
        return offset == AuxiliaryControl.OFFSET && auxiliaryLockable && global.isAuxiliaryLocked();
    }

    private void operate(ContextBank bank, int offset, long value) {
        BankContext context = bank.context();
        switch (offset) {
            case Resume.OFFSET -> bank.resume(Resume.tnR(value) == Resume.TNR_TERMINATE);
            case FaultStatusRestore.OFFSET -> bank.restore(value);
            case TlbiVa.OFFSET, TlbiVal.OFFSET -> invalidation.address(context, value, false);
            case TlbiVaa.OFFSET, TlbiVaal.OFFSET -> invalidation.address(context, value, true);
            case TlbiAsid.OFFSET -> invalidation.asid(context, value);
            case TlbiAll.OFFSET -> invalidation.bank(context);
            case TlbiIpaS2.OFFSET, TlbiIpaS2l.OFFSET -> invalidation.intermediate(context, value);
            case TlbSync.OFFSET -> invalidation.sync();
            case Ats1PrivilegedRead.OFFSET -> translate(bank, value, Dma.PRIVILEGED);
            case Ats1PrivilegedWrite.OFFSET -> translate(bank, value, Dma.PRIVILEGED | IommuModel.WRITE);
            case Ats1UnprivilegedRead.OFFSET -> translate(bank, value, 0);
            case Ats1UnprivilegedWrite.OFFSET -> translate(bank, value, IommuModel.WRITE);
            default -> {}
        }
    }

    /** A walk for software: PAR tells what it came to. */
    private void translate(ContextBank bank, long operand, int flags) {
        if (!id.addressTranslation()) {
            return;
        }
        BankContext context = bank.context();
        long input = operand & Ats1PrivilegedRead.ADDR_MASK;
        if (!context.enabled()) {
            bank.words().setLong(PhysicalAddress.OFFSET, input & PhysicalAddress.PA_MASK);
            return;
        }
        WalkResult result = translator.translate(context, input, flags, false, false);
        long par = result instanceof Mapping leaf
                ? leaf.outputOf(input) & PhysicalAddress.PA_MASK
                // the fault bits have the places that they have in FSR
                : PhysicalAddress.withF(((ContextFault) result).status() & ~PhysicalAddress.F_MASK, 1);
        bank.words().setLong(PhysicalAddress.OFFSET, par);
    }
}
