package org.sluice.smmuv2.driver;

import java.util.LinkedHashSet;
import java.util.Set;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;

/** A device of a unit: where it is attached, and which tables it may load. Guarded by the core's lock of the unit. */
final class Client {
    private final DeviceRecord record;
    private final Set<TableContext> tables = new LinkedHashSet<>();
    private Attachment attachment = Attachment.BLOCKED;

    Client(DeviceRecord record) {
        this.record = record;
    }

    DeviceRecord record() {
        return record;
    }

    Attachment attachment() {
        return attachment;
    }

    void setAttachment(Attachment next) {
        attachment = next;
    }

    /** The context of its untagged traffic, or null. */
    BankContext context() {
        return (BankContext) attachment.context();
    }

    /** Tables that it may load by itself. */
    Set<TableContext> tables() {
        return tables;
    }
}
