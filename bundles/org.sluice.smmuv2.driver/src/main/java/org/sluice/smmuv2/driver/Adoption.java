package org.sluice.smmuv2.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.UnitRecord;

/**
 * Takes over an SMMU that runs: registers are read and compared with what this driver would have written; nothing is
 * written.
 */
final class Adoption {
    private final Smmuv2Unit unit;
    private final Features features;

    Adoption(Smmuv2Unit unit, Features features) {
        this.unit = unit;
        this.features = features;
    }

    /**
     * Verifies, and registers what is there with the unit.
     *
     * @throws IommuException EINVAL with what differs
     */
    void adopt(UnitRecord record) {
        if (record.version() != UnitRecord.VERSION) {
            throw refused("the record has version %d, this driver knows %d", record.version(), UnitRecord.VERSION);
        }
        long control = unit.space().global0(SCr0.OFFSET);
        if (control != Bringup.control(features)) {
            throw refused("sCR0 is 0x%x, wanted 0x%x", control, Bringup.control(features));
        }
        for (UnitRecord.Device device : record.devices()) {
            if (!device.pasids().isEmpty()) {
                throw refused(
                        "%s has PASIDs attached, the SMMU has none",
                        device.device().name());
            }
            adopt(device);
        }
        unit.streams().keepTheRest();
    }

    private void adopt(UnitRecord.Device recorded) {
        DeviceRecord device = recorded.device();
        BankContext context =
                recorded.context() == null ? null : unit.contexts().adoptFound(recorded.context());
        for (int streamId : device.streamIds()) {
            int index = unit.streams().search(streamId);
            if (index < 0) {
                throw refused("no entry has StreamID 0x%x of %s", streamId, device.name());
            }
            unit.streams().found(device, streamId, index);
            long entry = unit.streams().read(index);
            if (context != null) {
                verifyBank((int) StreamToContext.cbndx(entry), context, device);
            }
            long wanted =
                    unit.streams().entry(device, index, Smmuv2Unit.route(recorded.untagged(), context)) & 0xffffffffL;
            if (entry != wanted) {
                throw refused("S2CR %d of %s is 0x%x, wanted 0x%x", index, device.name(), entry, wanted);
            }
        }
        unit.found(device, context == null ? blockedOrIdentity(recorded.untagged()) : Attachment.to(context));
    }

    private void verifyBank(int bank, BankContext context, DeviceRecord device) {
        if (bank >= unit.banks().count()) {
            throw refused(
                    "%s is led to bank %d, the last is %d",
                    context, bank, unit.banks().count() - 1);
        }
        if (context instanceof GuestContext guest) {
            boolean own = guest.guest().translates();
            verifyBank(own ? unit.banks().beneath(bank) : bank, guest.parent(), device);
            if (!own) {
                return;
            }
        }
        if (context.bank() == bank) {
            return;
        }
        if (context.bank() != BankContext.NO_BANK || unit.banks().owner(bank) != null) {
            throw refused("%s is in bank %d, and bank %d is another's", context, context.bank(), bank);
        }
        boolean clients = context.isUpperHalf() && unit.banks().isLowerHalfOn(bank);
        String difference = unit.banks().difference(bank, context, device, clients);
        if (difference != null) {
            throw refused("%s", difference);
        }
        unit.banks().found(bank, context);
    }

    private static Attachment blockedOrIdentity(Attachment.Kind kind) {
        return kind == Attachment.Kind.IDENTITY ? Attachment.IDENTITY : Attachment.BLOCKED;
    }

    private static IommuException refused(String format, Object... arguments) {
        return new IommuException(Errno.EINVAL, "cannot adopt: " + String.format(format, arguments));
    }
}
