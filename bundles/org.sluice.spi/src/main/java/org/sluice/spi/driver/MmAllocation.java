package org.sluice.spi.driver;

import org.sluice.api.ActivationKind;
import org.sluice.api.ClientTable;

/**
 * A private space as a plug-in made it.
 *
 * @param activation how it reaches the hardware
 * @param clientTable what the client loads, for CLIENT_SWITCHED; else null
 */
public record MmAllocation(ActivationKind activation, ClientTable clientTable) {
    /** Checks the combination. */
    public MmAllocation {
        if ((clientTable != null) != (activation == ActivationKind.CLIENT_SWITCHED)) {
            throw new IllegalArgumentException(
                    "a client table goes with CLIENT_SWITCHED and only with it, activation is " + activation);
        }
    }
}
