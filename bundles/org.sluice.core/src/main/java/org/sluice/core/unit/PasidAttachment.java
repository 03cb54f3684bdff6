package org.sluice.core.unit;

import org.sluice.api.ActivationKind;
import org.sluice.api.FaultHandler;
import org.sluice.core.fault.Repair;
import org.sluice.core.space.SpaceLedger;

/**
 * A device that reaches the space of a domain by a PASID that its client chose.
 *
 * @param pasids of the domain
 * @param domain the domain
 * @param pasid the number
 */
record PasidAttachment(DomainPasids pasids, TranslationDomain domain, int pasid) implements PasidTarget {
    @Override
    public SpaceLedger ledger() {
        return domain.translating().ledger();
    }

    @Override
    public ActivationKind activation() {
        return ActivationKind.TABLE;
    }

    @Override
    public FaultHandler faultHandler() {
        return domain.faultHandler();
    }

    @Override
    public Repair repair() {
        return domain.repair();
    }

    @Override
    public void unbond(Device device, String why) {
        pasids.detachNow(device, pasid);
    }
}
