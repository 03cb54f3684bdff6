package org.sluice.core.unit;

import org.sluice.api.ActivationKind;
import org.sluice.api.FaultHandler;
import org.sluice.core.fault.Repair;
import org.sluice.core.space.SpaceLedger;

/** What a PASID of a device reaches: a private space, the space of a process, or the space of a domain. */
interface PasidTarget {
    /** The ledger of the space. */
    SpaceLedger ledger();

    /** How it reaches the hardware. */
    ActivationKind activation();

    /** Who hears of its faults on the event thread; null for nobody. */
    FaultHandler faultHandler();

    /** Who repairs its faults; null for nobody. Takes no lock. */
    Repair repair();

    /**
     * Takes it away from a device; under the lock of the board. Nothing happens if the device does not reach it.
     *
     * @param why in words
     */
    void unbond(Device device, String why);
}
