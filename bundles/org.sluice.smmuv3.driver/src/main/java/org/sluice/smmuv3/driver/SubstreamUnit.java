package org.sluice.smmuv3.driver;

import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitHost;

/**
 * An SMMUv3 that resolves SubstreamIDs. Every device has a CD table of its own, so an entry is written and cleared per
 * device, whoever else is attached to the same context: the flags {@code attachDomain} and {@code detachDomain} save nothing
 * here.
 */
final class SubstreamUnit extends Smmuv3Unit implements PasidOperations {
    SubstreamUnit(
            String name,
            Features features,
            UnitHost host,
            ResetSequence reset,
            UnitMemory memory,
            CommandQueue queue,
            EventThread events) {
        super(name, features, host, reset, memory, queue, events);
    }

    @Override
    public void mmAttach(DeviceRecord record, int pasid, TranslationContext context, boolean attachDomain) {
        Stage1Context stage1 = own(context);
        requireInstalled(stage1);
        device(record).attachPasid(pasid, stage1);
    }

    @Override
    public void mmDetach(DeviceRecord record, int pasid, TranslationContext context, boolean detachDomain) {
        device(record).detachPasid(pasid, own(context));
        events().awaitHandled();
    }
}
