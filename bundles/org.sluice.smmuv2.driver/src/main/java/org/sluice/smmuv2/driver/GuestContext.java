package org.sluice.smmuv2.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * A guest's stage 1 over a stage-2 context, whose VMID it uses: a bank of its own whose CBAR names the parent's. The guest
 * invalidates its own translations; what is invalidated here is everything that the guest has. Any thread.
 */
final class GuestContext extends BankContext {
    private final TableContext parent;
    private final GuestBank guest;
    private final Maintenance maintenance;

    GuestContext(TableContext parent, GuestBank guest, Maintenance maintenance) {
        this.parent = parent;
        this.guest = guest;
        this.maintenance = maintenance;
    }

    /** The stage 2 that it rests on. */
    TableContext parent() {
        return parent;
    }

    /** What the guest wrote. */
    GuestBank guest() {
        return guest;
    }

    /** A guest that does not translate needs no bank: its streams lead to the parent's. */
    @Override
    int bank() {
        return guest.translates() ? super.bank() : parent.bank();
    }

    @Override
    int stage() {
        return 1;
    }

    @Override
    boolean isInstalled() {
        return parent.isInstalled();
    }

    @Override
    boolean rests(BankContext on) {
        return this == on || parent == on;
    }

    @Override
    boolean isUpperHalf() {
        return false;
    }

    @Override
    boolean isWide() {
        return guest.isWide();
    }

    @Override
    boolean ownsContextId() {
        return true;
    }

    @Override
    BankValues values(boolean stall) {
        return BankValues.of(this, stall);
    }

    /** Stage 2, as its tag; the tables are the parent's, so that a successor can make that one too. */
    @Override
    public ContextRecord record() {
        ContextRecord beneath = parent.record();
        return new ContextRecord(beneath.request(), beneath.tag(), 2, beneath.table(), guest.over(parent.stage2()));
    }

    /** There is none: the tables are the guest's. */
    @Override
    public PageTableConfig tableConfig() {
        return null;
    }

    @Override
    public void install(WalkerConfig walker) {
        throw new IommuException(Errno.EINVAL, "a guest's context takes no walker configuration, was given " + walker);
    }

    @Override
    public void invalidateAll() {
        if (bank() != NO_BANK) {
            maintenance.vmid(parent.tag());
            maintenance.syncAll();
        }
    }

    @Override
    public void invalidate(long iova, long size, long granule, boolean leafOnly) {
        if (bank() != NO_BANK) {
            maintenance.vmid(parent.tag());
        }
    }

    @Override
    public void sync() {
        if (bank() != NO_BANK) {
            maintenance.syncAll();
        }
    }

    @Override
    public String toString() {
        return "guest over " + parent;
    }
}
