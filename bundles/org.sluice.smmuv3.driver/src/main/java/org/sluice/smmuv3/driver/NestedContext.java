package org.sluice.smmuv3.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.pgtable.ArmNested;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * A guest's stage 1 over a stage-2 context, whose VMID it uses. The guest invalidates its own translations; what is
 * invalidated here is everything that the guest's stage 1 left. Any thread.
 */
final class NestedContext extends UnitContext {
    private final Stage2Context parent;
    private final GuestStreamEntry guest;

    NestedContext(Stage2Context parent, GuestStreamEntry guest, CommandQueue queue, DeviceShutOut devices) {
        super(queue, devices);
        this.parent = parent;
        this.guest = guest;
    }

    /** The stage 2 that it rests on. */
    Stage2Context parent() {
        return parent;
    }

    /** What the guest wrote. */
    GuestStreamEntry guest() {
        return guest;
    }

    @Override
    int stage() {
        return 2;
    }

    @Override
    int tag() {
        return parent.tag();
    }

    @Override
    boolean rests(UnitContext on) {
        return this == on || parent == on;
    }

    @Override
    boolean isInstalled() {
        return parent.isInstalled();
    }

    /** Request and tables are the parent's, so that a successor can make that one too. */
    @Override
    public ContextRecord record() {
        ContextRecord beneath = parent.record();
        return new ContextRecord(
                beneath.request(),
                beneath.tag(),
                2,
                beneath.table(),
                new ArmNested(parent.walker(), guest.word0(), guest.word1()));
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
    InvalidationList needs(ClientDevice device, int substreamId) {
        return parent.needsUnderGuest(device);
    }

    @Override
    InvalidationList targets() {
        return parent.targets();
    }

    @Override
    void join(InvalidationList more) {
        parent.join(more);
    }

    @Override
    void leave(InvalidationList less) {
        parent.leave(less);
    }

    @Override
    void submitAll() {
        queue().submit(TlbTag.vmid(parent.tag()).guests(), 0);
    }

    @Override
    void submitRange(long iova, long size, long granule, boolean leafOnly) {
        submitAll();
    }

    @Override
    public String toString() {
        return "guest over " + parent;
    }
}
