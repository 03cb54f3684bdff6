package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Attaching address spaces by PASID: an {@link IommuUnit} that resolves PASIDs implements it, both methods or neither
 * ({@code mm_attach}, {@code mm_detach}). The core serialises the calls per unit.
 */
@ConsumerType
public interface PasidOperations {
    /**
     * Lets a device reach a context by PASID. Whatever can fail happens before the first write to anything that the
     * hardware reads; after it nothing fails.
     *
     * @param device added before
     * @param pasid 1 and up, within the unit's width
     * @param context installed, of this unit
     * @param attachDomain whether the entry must be written: false when the tables are shared with a device that is
     *     attached to the same context already
     * @throws org.sluice.api.IommuException EBUSY the PASID is in use on this device, or its untagged traffic takes the whole
     *     stream (stage 2), ERANGE, ENOMEM, EIO the device is shut out; nothing changed. ETIMEDOUT the PASID is not attached,
     *     and the device aborts until a later change of it was acknowledged, as with {@link IommuUnit#attach}
     */
    void mmAttach(DeviceRecord device, int pasid, TranslationContext context, boolean attachDomain);

    /**
     * Takes a PASID away: clears the entry, invalidates it, invalidates the context's translations, each synced, then
     * drains the faults that were reported before. When it returns, no DMA with this PASID of this device uses the context.
     *
     * @param device added before
     * @param pasid attached before
     * @param context as attached
     * @param detachDomain whether the entry must be cleared: false when another device shares it
     */
    void mmDetach(DeviceRecord device, int pasid, TranslationContext context, boolean detachDomain);
}
