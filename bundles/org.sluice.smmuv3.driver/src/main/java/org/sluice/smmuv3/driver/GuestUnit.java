package org.sluice.smmuv3.driver;

import java.util.function.IntUnaryOperator;
import org.sluice.spi.driver.NestingOperations;
import org.sluice.spi.driver.TranslationContext;

/** An SMMUv3 that runs guests' stage 1 over a stage 2, without SubstreamIDs of its own. */
final class GuestUnit extends Smmuv3Unit implements NestingOperations {
    GuestUnit(UnitParts parts) {
        super(parts);
    }

    @Override
    public TranslationContext createNested(TranslationContext parent, long[] guestEntry) {
        return createGuest(parent, guestEntry);
    }

    @Override
    public int invalidate(TranslationContext parent, long[] commands, IntUnaryOperator streamIds) {
        return runGuestCommands(parent, commands, streamIds);
    }
}
