package org.sluice.smmuv3.driver;

import java.util.Set;
import org.sluice.driver.base.UnitLog;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.UnitHost;

/**
 * What a unit is put together from, around hardware that runs.
 *
 * @param hardware as the board offers it
 * @param registers to use for it: the board's, as far as nothing is wrong with them
 * @param host what the core offers
 * @param features what it can do
 * @param contiguous whether leaves may be joined to contiguous groups
 * @param memory its tables and queues
 * @param queue its command queue
 * @param hooks what departs from the architecture
 * @param log where it says what happens
 * @param running the set that its thread is in while it runs
 */
record UnitParts(
        IommuHardware hardware,
        RegisterFile registers,
        UnitHost host,
        Features features,
        boolean contiguous,
        UnitMemory memory,
        CommandQueue queue,
        UnitHooks hooks,
        UnitLog log,
        Set<EventThread> running) {
    /** Firmware's word for an SMMU whose accesses for a guest are coherent whatever the guest's tables say (IORT's CANWBS). */
    private static final String COHERENT_FOR_GUESTS = "canwbs";

    /** Whether a guest's stage 1 may run over a stage 2: it must not be able to make accesses incoherent. */
    boolean servesGuests() {
        return features.has(Feature.NESTING)
                && (features.has(Feature.FORCED_WRITE_BACK)
                        || hardware.properties().containsKey(COHERENT_FOR_GUESTS));
    }

    /** The unit; its thread does not run yet, and nothing is changed. */
    Smmuv3Unit assemble() {
        boolean pasids = ContextTable.substreamBits(features, features.substreamBits()) > 0;
        if (servesGuests()) {
            return pasids ? new GuestSubstreamUnit(this) : new GuestUnit(this);
        }
        return pasids ? new SubstreamUnit(this) : new Smmuv3Unit(this);
    }

    /** The queues that the SMMU fills, continued where the registers say, with what is done with their records. */
    RecordQueue eventQueue() {
        return RecordQueue.ofEvents(registers, host.memory(), memory.events(), log);
    }

    /** The page request queue; only where there is one. */
    RecordQueue pageRequestQueue() {
        return RecordQueue.ofRequests(registers, host.memory(), memory.pageRequests(), log);
    }
}
