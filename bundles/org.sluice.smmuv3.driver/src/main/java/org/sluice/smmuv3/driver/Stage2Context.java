package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.pgtable.ArmStage2;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.WalkerConfig;

/** A stage-2 address space: a VMID and, once installed, the page table that goes with it. Any thread. */
final class Stage2Context extends UnitContext {
    private final ContextRequest request;
    private final int vmid;
    private final PageTableConfig table;
    private final TlbInvalidation tlb;
    private volatile Installed installed;

    /**
     * A page table that was installed.
     *
     * @param walker as the format gave it
     * @param pageShift log2 of its smallest page in bytes
     */
    private record Installed(ArmStage2 walker, int pageShift) {}

    Stage2Context(
            ContextRequest request,
            int vmid,
            PageTableConfig table,
            CommandQueue queue,
            boolean ranges,
            DeviceShutOut devices) {
        super(queue, devices);
        this.request = request;
        this.vmid = vmid;
        this.table = table;
        this.tlb = new TlbInvalidation(queue, ranges, TlbTag.vmid(vmid));
    }

    @Override
    int stage() {
        return 2;
    }

    @Override
    int tag() {
        return vmid;
    }

    @Override
    public ContextRecord record() {
        return new ContextRecord(request, vmid, 2, table, installed == null ? null : installed.walker());
    }

    @Override
    public PageTableConfig tableConfig() {
        return table;
    }

    @Override
    public void install(WalkerConfig walker) {
        if (!(walker instanceof ArmStage2 stage2)) {
            throw new IommuException(
                    Errno.EINVAL, "walker configuration " + walker + " is not of ARM's long-descriptor stage 2");
        }
        int shift = Granules.shift(
                stage2.tg(), StreamTableEntry.S2TG_4K, StreamTableEntry.S2TG_16K, StreamTableEntry.S2TG_64K);
        installed = new Installed(stage2, shift);
    }

    @Override
    boolean isInstalled() {
        return installed != null;
    }

    /** The tables to walk; installed before. */
    ArmStage2 walker() {
        return installed.walker();
    }

    /** Whether its leaves are written for an SMMU that forces write-back. */
    boolean forcesWriteBack() {
        return table.has(Quirk.ARM_S2FWB);
    }

    @Override
    InvalidationList needs(ClientDevice device, int substreamId) {
        List<Invalidation> needed = new ArrayList<>();
        needed.add(new Invalidation(Invalidation.Kind.S2_VMID, vmid, 0));
        device.addCaches(needed, Invalidation.Kind.ATS, substreamId);
        return InvalidationList.of(needed);
    }

    /** What a device needs that runs a guest's stage 1 over this: its cache holds the guest's addresses, not these. */
    InvalidationList needsUnderGuest(ClientDevice device) {
        List<Invalidation> needed = new ArrayList<>();
        needed.add(new Invalidation(Invalidation.Kind.S2_VMID, vmid, 0));
        needed.add(new Invalidation(Invalidation.Kind.S2_VMID_S1_CLEAR, vmid, 0));
        device.addCaches(needed, Invalidation.Kind.ATS_FULL, DeviceCommand.UNTAGGED);
        return InvalidationList.of(needed);
    }

    @Override
    void submitAll() {
        tlb.all();
    }

    /** An SMMU may keep what combines both stages when an IPA goes, so guests' entries go too. */
    @Override
    void submitRange(long ipa, long size, long granule, boolean leafOnly) {
        Installed table = installed;
        if (table != null) {
            tlb.range(ipa, size, granule, leafOnly, table.pageShift());
            if (targets().hasGuests()) {
                queue().submit(TlbTag.vmid(vmid).guests(), 0);
            }
        }
    }

    @Override
    public String toString() {
        return "VMID " + vmid;
    }
}
