package org.sluice.smmuv2.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.ArmShort;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.ArmStage2;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * An address space: a tag, a page table once installed, and the bank through which it is invalidated once one was given to
 * it. All stage-1 contexts share VMID 0 and differ by ASID, so that any bank of stage 1 reaches them. Any thread.
 */
final class BankContext implements TranslationContext {
    /** No bank uses it, so nothing of it is cached. */
    static final int NO_BANK = -1;

    private final ContextRequest request;
    private final int stage;
    private final int tag;
    private final PageTableConfig table;
    private final Maintenance maintenance;
    private volatile WalkerConfig walker;
    private volatile int bank = NO_BANK;
    // entries of the upper half carry the ASID of whatever table was loaded in the lower one, and tables may share an
    // ASID
    private volatile boolean anyAsid;

    BankContext(ContextRequest request, int stage, int tag, PageTableConfig table, Maintenance maintenance) {
        this.request = request;
        this.stage = stage;
        this.tag = tag;
        this.table = table;
        this.maintenance = maintenance;
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

    int stage() {
        return stage;
    }

    /** ASID or VMID. */
    int tag() {
        return tag;
    }

    WalkerConfig walker() {
        return walker;
    }

    /** The bank that it is invalidated through, or {@link #NO_BANK}. */
    int bank() {
        return bank;
    }

    void setBank(int number) {
        bank = number;
    }

    /** Its entries carry this ASID, which may be others' too. */
    void setLoadedAsid(int asid) {
        anyAsid = asid != tag;
    }

    /** Whether registers have the form of the 64-bit formats. */
    boolean isWide() {
        return Formats.isWide(table.format());
    }

    @Override
    public void invalidateAll() {
        int through = bank;
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
        int through = bank;
        if (through == NO_BANK) {
            return;
        }
        if (anyAsid) {
            maintenance.addressesOfAnyAsid(through, iova, size, granule, leafOnly);
        } else if (stage == 1) {
            maintenance.addresses(through, tag, isWide(), iova, size, granule, leafOnly);
        } else {
            maintenance.intermediate(through, tag, isWide(), iova, size, granule, leafOnly);
        }
    }

    @Override
    public void sync() {
        int through = bank;
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
    public String toString() {
        return (stage == 1 ? "ASID " : "VMID ") + tag;
    }
}
