package org.sluice.smmuv2.driver;

import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv2.arch.AddressTranslationStatus;
import org.sluice.smmuv2.arch.Ats1PrivilegedRead;
import org.sluice.smmuv2.arch.PhysicalAddress;
import org.sluice.spi.bus.PowerDomain;

/**
 * The translation operations of context banks, by which the hardware tells what its own walk of stage 1 comes to (Linux's
 * {@code arm_smmu_iova_to_phys_hard}). Any thread; PAR has room for one answer, so a bank is asked one question at a time.
 */
final class BankTranslation {
    private static final long TIMEOUT = TimeUnit.MILLISECONDS.toNanos(1);

    private final Space space;
    private final PowerDomain power;
    private final Banks banks;
    private final boolean offered;
    private final UnitLog log;

    /** With {@code offered} false no register is touched. */
    BankTranslation(Space space, PowerDomain power, Banks banks, boolean offered, UnitLog log) {
        this.space = space;
        this.power = power;
        this.banks = banks;
        this.offered = offered;
        this.log = log;
    }

    /**
     * A privileged read.
     *
     * @return bytes; 0 for a fault; empty without an answer
     */
    OptionalLong translate(TableContext context, long iova) {
        if (!offered || context.stage() != 1 || !power.isOn()) {
            return OptionalLong.empty();
        }
        return banks.inBankOf(context, bank -> ask(bank, context.isWide(), iova));
    }

    private OptionalLong ask(int bank, boolean wide, long iova) {
        long operand = iova & Ats1PrivilegedRead.ADDR_MASK;
        if (wide) {
            space.setBank64(bank, Ats1PrivilegedRead.OFFSET, operand);
        } else {
            space.setBank32(bank, Ats1PrivilegedRead.OFFSET, operand);
        }
        if (!isOver(bank)) {
            log.error(String.format(
                    "bank %d has not translated 0x%x after %d ms: only the walk by software tells",
                    bank, iova, TimeUnit.NANOSECONDS.toMillis(TIMEOUT)));
            return OptionalLong.empty();
        }
        long par = space.bank64(bank, PhysicalAddress.OFFSET);
        if (PhysicalAddress.f(par) != 0) {
            log.error(String.format("bank %d cannot translate 0x%x: PAR is 0x%x", bank, iova, par));
            return OptionalLong.of(0);
        }
        return OptionalLong.of(par & PhysicalAddress.PA_MASK | iova & ~Ats1PrivilegedRead.ADDR_MASK);
    }

    // the status is read once more after the deadline: this thread may have been the one that was late
    private boolean isOver(int bank) {
        long deadline = System.nanoTime() + TIMEOUT;
        while (true) {
            boolean late = System.nanoTime() - deadline > 0;
            if (AddressTranslationStatus.active(space.bank32(bank, AddressTranslationStatus.OFFSET)) == 0) {
                return true;
            }
            if (late) {
                return false;
            }
            Thread.onSpinWait();
        }
    }
}
