package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Stalling faults or not while a device is attached: an optional ability of an {@link IommuUnit} whose hardware decides that
 * where it translates (SMMUv2: SCTLR.CFCFG of the bank). The core serialises the calls per unit.
 *
 * <p>It follows Linux's {@code adreno_smmu_priv.set_stall}.
 */
@ConsumerType
public interface StallControl {
    /**
     * Says what faults do from now on, of this device and of every one that shares its context, until its last device is
     * detached: a context begins with what the device that is attached first can do. Nothing is invalidated; a transaction that
     * is stalled already waits for its answer.
     *
     * @param device attached to a context
     * @param stall true to let a transaction that faults wait for an answer, false to abort it
     * @throws org.sluice.api.IommuException EINVAL the device is attached to no context; nothing changed
     */
    void setStall(DeviceRecord device, boolean stall);
}
