package org.sluice.spi.quirk;

import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.DeviceRecord;

/**
 * Where SMMUv3s depart from their architecture. A service of a vendor bundle; the driver asks every service that matches an
 * SMMU's identity, those of lower ranking with the answer of those before. Methods are constant functions of their arguments,
 * may be called by any thread and throw nothing; {@link #deviceReset} and {@link #deviceRemove} act on the hardware instead.
 *
 * <p>What concerns features, registers and interrupts ({@link #idRegister}, {@link #hasNesting}, {@link #registerOffset},
 * {@link #interruptLine}) is asked when the hardware is probed or adopted, so that hooks which come or go later act at the
 * next probe. The rest acts at once.
 */
@ConsumerType
public interface Smmuv3Hooks extends ImplementationHooks {
    /** What {@link #commandsBeforeSync} answers when nothing is wrong. */
    int UNLIMITED = Integer.MAX_VALUE;

    /**
     * What an ID register should have said: bits of features that do not work are cleared.
     *
     * @param offset the register's offset in bytes
     * @param value as read
     * @return as it is to be understood
     */
    default int idRegister(long offset, int value) {
        return value;
    }

    /**
     * Whether a guest's stage 1 works over a stage 2, where the ID registers announce both.
     *
     * @return false for hardware on which the two must not be combined
     */
    default boolean hasNesting() {
        return true;
    }

    /**
     * Where a register really is.
     *
     * @param offset the architecture's offset in bytes
     * @return the offset to use
     */
    default long registerOffset(long offset) {
        return offset;
    }

    /**
     * Which interrupt line stands in for one of the architecture's.
     *
     * @param line {@code eventq}, {@code priq}, {@code cmdq-sync} or {@code gerror}
     * @return the line to listen to
     */
    default String interruptLine(String line) {
        return line;
    }

    /**
     * Whether CMD_PREFETCH_CONFIG works.
     *
     * @return false for hardware on which it must not be sent
     */
    default boolean hasPrefetch() {
        return true;
    }

    /**
     * How many commands of one batch may stand before a CMD_SYNC.
     *
     * @return above 0; {@link #UNLIMITED} for a sound implementation
     */
    default int commandsBeforeSync() {
        return UNLIMITED;
    }

    /**
     * After the driver has reset the SMMU and enabled it, at the probe and at each resume ({@code device_reset} of Linux's
     * {@code arm_smmu_impl_ops}). Not when a running SMMU is taken over.
     *
     * @param identity of the SMMU
     * @param registers after {@link #registerOffset} and {@link #idRegister}
     * @throws org.sluice.api.IommuException what the hooks bring up does not come up: the probe or resume fails with it
     */
    default void deviceReset(HardwareIdentity identity, RegisterFile registers) {}

    /**
     * After the driver has disabled the SMMU for good ({@code device_remove}). Not when it is handed to a successor. What is
     * thrown is logged.
     *
     * @param identity of the SMMU
     * @param registers as for {@link #deviceReset}
     */
    default void deviceRemove(HardwareIdentity identity, RegisterFile registers) {}

    /**
     * Whether a device must not be translated: its untagged traffic can only pass or be blocked.
     *
     * @param identity of the SMMU
     * @param device behind it
     * @return true to refuse contexts for it
     */
    default boolean forcesIdentity(HardwareIdentity identity, DeviceRecord device) {
        return false;
    }
}
