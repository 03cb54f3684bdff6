package org.sluice.smmuv3.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** Bringing an SMMU to rest before it loses its registers, and back. The unit's lock guards it. */
final class UnitPower {
    private final UnitParts parts;
    private final UnitFaults faults;
    private final ResetSequence reset;
    private boolean off;

    UnitPower(UnitParts parts, UnitFaults faults) {
        this.parts = parts;
        this.faults = faults;
        this.reset = new ResetSequence(parts.registers());
    }

    /**
     * Refuses what needs the hardware while it is at rest.
     *
     * @throws IommuException EBUSY
     */
    void requireOn() {
        if (off) {
            throw new IommuException(Errno.EBUSY, parts.hardware().name() + " is suspended");
        }
    }

    /**
     * Commands are complete and later ones dropped; nothing is translated any more.
     *
     * @throws IommuException ETIMEDOUT; the hardware runs on
     */
    void stop() {
        parts.queue().suspend();
        try {
            reset.stopTranslation(parts.features());
        } catch (IommuException timeout) {
            goOn(timeout);
            throw timeout;
        }
        parts.queue().drop();
        off = true;
    }

    /** Waits for the handlers of what was recorded before {@link #stop}. Not under the lock. */
    void finishRecords() {
        faults.thread().awaitHandled();
        faults.thread().pause();
    }

    /** Switches the rest off; positions of the queues are remembered, records that are in them too. */
    void off() {
        faults.events().remember();
        if (faults.requests() != null) {
            faults.requests().remember();
        }
        reset.disable();
    }

    /**
     * Writes every register anew and invalidates everything before anything is translated.
     *
     * @throws IommuException ETIMEDOUT; may be repeated
     */
    void on() {
        if (!off) {
            throw new IommuException(Errno.EINVAL, parts.hardware().name() + " is not suspended");
        }
        QueuePositions positions = new QueuePositions(
                parts.memory().commands().register(parts.queue().published()),
                faults.events().position(),
                faults.requests() == null
                        ? QueuePositions.EMPTY
                        : faults.requests().position());
        try {
            reset.disable();
            reset.enable(parts.memory(), parts.features(), parts.queue(), positions);
            parts.hooks().deviceReset();
        } catch (IommuException timeout) {
            parts.queue().drop();
            throw timeout;
        }
        faults.events().forgetRemembered();
        if (faults.requests() != null) {
            faults.requests().forgetRemembered();
        }
        off = false;
        faults.thread().unpause();
    }

    /** What was dropped in the meantime is made up for before anything is translated again. */
    private void goOn(IommuException reason) {
        parts.queue().resume();
        try {
            reset.invalidateEverything(parts.features(), parts.queue());
            reset.startTranslation(parts.features());
        } catch (IommuException second) {
            reason.addSuppressed(second);
        }
    }
}
