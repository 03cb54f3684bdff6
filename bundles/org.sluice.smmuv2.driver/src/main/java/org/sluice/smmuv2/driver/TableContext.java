package org.sluice.smmuv2.driver;

import java.util.OptionalLong;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.HardwareWalk;
import org.sluice.spi.pgtable.ArmShort;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.ArmStage2;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * An address space of ours: a tag, a page table once installed, and the bank through which it is invalidated once one was
 * given to it. All stage-1 contexts share VMID 0 and differ by ASID, so that any bank of stage 1 reaches them. Any thread.
 */
final class TableContext extends BankContext implements HardwareWalk {
    private final ContextRequest request;
    private final int stage;
    private final int tag;
    private final PageTableConfig table;
    private final Maintenance maintenance;
    private final BankTranslation translation;
    private volatile WalkerConfig walker;
    // entries of the upper half carry the ASID of whatever table was loaded in the lower one, and tables may share an
    // ASID
    private volatile boolean anyAsid;
    // entries of a guest's stage 1 over this one do not tell their IPA
    private volatile int guests;

    TableContext(
            ContextRequest request,
            int stage,
            int tag,
            PageTableConfig table,
            Maintenance maintenance,
            BankTranslation translation) {
        this.request = request;
        this.stage = stage;
        this.tag = tag;
        this.table = table;
        this.maintenance = maintenance;
        this.translation = translation;
        this.anyAsid = request.upperHalf();
    }

    @Override
    public ContextRecord record() {
        return new ContextRecord(request, tag, stage, table, walker);
    }

    @Override
    public PageTableConfig tableConfig() {
        return table;
    }

    @Override
    public void install(WalkerConfig config) {
        boolean fits = stage == 2
                ? config instanceof ArmStage2
                : config instanceof ArmShort
                        || config instanceof ArmStage1 stage1 && stage1.upperHalf() == request.upperHalf();
        if (!fits) {
            throw new IommuException(
                    Errno.EINVAL,
                    "walker configuration " + config + " is none of stage " + stage
                            + (request.upperHalf() ? ", upper half" : ""));
        }
        walker = config;
    }

    ContextRequest request() {
        return request;
    }

    @Override
    int stage() {
        return stage;
    }

    @Override
    boolean isInstalled() {
        return walker != null;
    }

    @Override
    boolean rests(BankContext on) {
        return this == on;
    }

    @Override
    boolean isUpperHalf() {
        return request.upperHalf();
    }

    @Override
    boolean ownsContextId() {
        return table.format().equals(Formats.SHORT);
    }

    @Override
    BankValues values(boolean stall) {
        return BankValues.of(this, stall);
    }

    /** ASID or VMID. */
    int tag() {
        return tag;
    }

    WalkerConfig walker() {
        return walker;
    }

    /** The tables of stage 2, once installed. */
    ArmStage2 stage2() {
        return (ArmStage2) walker;
    }

    /** One guest more, or less, has its stage 1 over this context. The core serialises the calls. */
    void countGuests(int change) {
        guests += change;
    }

    /** How many do. */
    int guests() {
        return guests;
    }

    /** Its entries carry this ASID, which may be others' too. */
    void setLoadedAsid(int asid) {
        anyAsid = asid != tag;
    }

    @Override
    boolean isWide() {
        return Formats.isWide(table.format());
    }

    @Override
    public void invalidateAll() {
        int through = bank();
        if (through == NO_BANK) {
            return;
        }
        if (anyAsid) {
            maintenance.allOfBank(through);
            maintenance.sync(through);
        } else if (stage == 1) {
            maintenance.asid(through, tag);
            maintenance.sync(through);
        } else {
            maintenance.vmid(tag);
            maintenance.syncAll();
        }
    }

    @Override
    public void invalidate(long iova, long size, long granule, boolean leafOnly) {
        int through = bank();
        if (through == NO_BANK) {
            return;
        }
        if (anyAsid) {
            maintenance.addressesOfAnyAsid(through, iova, size, granule, leafOnly);
        } else if (stage == 1) {
            maintenance.addresses(through, tag, isWide(), iova, size, granule, leafOnly);
        } else if (guests > 0) {
            maintenance.vmid(tag);
        } else {
            maintenance.intermediate(through, tag, isWide(), iova, size, granule, leafOnly);
        }
    }

    @Override
    public void sync() {
        int through = bank();
        if (through != NO_BANK) {
            if (stage == 1) {
                maintenance.sync(through);
            } else {
                // a large range went by VMID, which is a global operation
                maintenance.syncAll();
            }
        }
    }

    @Override
    public OptionalLong hardwareWalk(long iova) {
        return translation.translate(this, iova);
    }

    @Override
    public String toString() {
        return (stage == 1 ? "ASID " : "VMID ") + tag;
    }
}
