package org.sluice.smmuv3.driver;

import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.PasidReplacement;
import org.sluice.spi.driver.TranslationContext;

/**
 * An SMMUv3 that resolves SubstreamIDs. Every device has a CD table of its own, so an entry is written and cleared per
 * device, whoever else is attached to the same context: the flags {@code attachDomain} and {@code detachDomain} save nothing
 * here.
 */
class SubstreamUnit extends Smmuv3Unit implements PasidOperations, PasidReplacement {
    SubstreamUnit(UnitParts parts) {
        super(parts);
    }

    @Override
    public void mmAttach(DeviceRecord record, int pasid, TranslationContext context, boolean attachDomain) {
        attachPasid(record, pasid, context);
    }

    @Override
    public void mmDetach(DeviceRecord record, int pasid, TranslationContext context, boolean detachDomain) {
        detachPasid(record, pasid, context);
    }

    @Override
    public void mmReplace(DeviceRecord record, int pasid, TranslationContext from, TranslationContext to) {
        replacePasid(record, pasid, from, to);
    }
}
