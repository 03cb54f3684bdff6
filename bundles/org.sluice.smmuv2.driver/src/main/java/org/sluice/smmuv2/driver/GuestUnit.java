package org.sluice.smmuv2.driver;

import java.util.function.IntUnaryOperator;
import org.sluice.driver.base.UnitLog;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.driver.NestingOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.quirk.Smmuv2Limits;

/** An SMMUv2 that runs guests' stage 1 over a stage 2. */
final class GuestUnit extends Smmuv2Unit implements NestingOperations {
    GuestUnit(
            IommuHardware hardware,
            HookedRegisters registers,
            Features features,
            Smmuv2Limits limits,
            Hooks hooks,
            UnitLog log) {
        super(hardware, registers, features, limits, hooks, log);
    }

    @Override
    public TranslationContext createNested(TranslationContext parent, long[] guestEntry) {
        return contexts().createGuest(parent, guestEntry);
    }

    /** A command names no stream: it reaches all that the guest has over this parent, and nothing of others. */
    @Override
    public int invalidate(TranslationContext parent, long[] commands, IntUnaryOperator streamIds) {
        var guests = contexts().over(parent);
        int count = commands.length / 2;
        try {
            for (int index = 0; index < count; index++) {
                GuestCommand command = GuestCommand.check(commands, index);
                guests.forEach(guest -> maintenance().guest(guest, command));
            }
        } finally {
            maintenance().syncAll();
        }
        return count;
    }
}
