package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Going through a loss of the hardware's power: an {@link IommuUnit} that can do so implements it, both methods or neither.
 * The core serialises the calls per unit with the others. Memory keeps its contents; registers and caches do not.
 */
@ConsumerType
public interface PowerOperations {
    /**
     * Brings the hardware to rest: commands that were sent are complete, recorded faults are reported, and every stream
     * aborts. Contexts may be invalidated meanwhile: that takes effect with {@link #resume}. Nothing may be attached.
     *
     * @throws org.sluice.api.IommuException ETIMEDOUT; the hardware runs on as before
     */
    void suspend();

    /**
     * Makes the hardware translate as it did when it was suspended: registers are written anew and everything cached is
     * invalidated before the first transaction is translated.
     *
     * @throws org.sluice.api.IommuException ETIMEDOUT; every stream aborts, and the call may be repeated
     */
    void resume();
}
