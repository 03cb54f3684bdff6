package org.sluice.smmuv3.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.pgtable.ArmNested;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * A guest's stage 1 over a stage-2 context, whose VMID it uses. The guest invalidates its own translations; what is
 * invalidated here is everything that the guest's stage 1 left. Any thread.
 */
final class NestedContext extends UnitContext {
    private static final ContextRequest REQUEST = new ContextRequest(2, false, false, 0);

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

    @Override
    public ContextRecord record() {
        return new ContextRecord(
                REQUEST, parent.tag(), 2, null, new ArmNested(parent.walker(), guest.word0(), guest.word1()));
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
