package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Moving a PASID straight from one context to another: an {@link IommuUnit} with {@link PasidOperations} that can do so
 * without an abort in between implements it. The core serialises the calls per unit.
 */
@ConsumerType
public interface PasidReplacement {
    /**
     * Replaces what a PASID reaches. DMA sees the old context or the new one and nothing between; when it returns, none sees
     * the old one. Whatever can fail happens before the first write to anything that the hardware reads.
     *
     * @param device added before
     * @param pasid attached before
     * @param from as attached
     * @param to installed, of this unit
     * @throws org.sluice.api.IommuException ENOMEM; nothing changed
     */
    void mmReplace(DeviceRecord device, int pasid, TranslationContext from, TranslationContext to);
}
