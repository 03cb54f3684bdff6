package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Devices that load tables by themselves ({@link org.sluice.api.ActivationKind#CLIENT_SWITCHED}): an {@link IommuUnit} whose
 * hardware must be told of that implements it. The core serialises the calls per unit.
 *
 * <p>It follows Linux's {@code adreno_smmu_priv.set_ttbr0_cfg}: the first table enables TTBR0 of the device's bank, the last
 * whose context is freed disables it, and no other writes a register.
 */
@ConsumerType
public interface ClientSwitching {
    /**
     * A table that the device may load from now on, until {@link IommuUnit#freeContext} ends it. Called again after a unit
     * was adopted, it changes nothing.
     *
     * @param device attached to a domain of the upper half
     * @param context of the table, installed
     * @param asid that the device loads with it: the context's tag, or one that several tables share; then the device drops
     *     its translations when it switches, and invalidations of the context spare no ASID
     * @throws org.sluice.api.IommuException EINVAL the device is not attached to a domain of the upper half; nothing changed
     */
    void allowTable(DeviceRecord device, TranslationContext context, int asid);
}
