package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/** A stage-1 address space: an ASID and, once installed, the page table that goes with it. Any thread. */
final class Stage1Context extends UnitContext {
    private final ContextRequest request;
    private final int asid;
    private final PageTableConfig table;
    private final TlbInvalidation tlb;
    private volatile Installed installed;

    /**
     * A page table that was installed.
     *
     * @param walker as the format gave it
     * @param pageShift log2 of its smallest page in bytes
     */
    private record Installed(ArmStage1 walker, int pageShift) {}

    Stage1Context(
            ContextRequest request,
            int asid,
            PageTableConfig table,
            CommandQueue queue,
            boolean ranges,
            DeviceShutOut devices) {
        super(queue, devices);
        this.request = request;
        this.asid = asid;
        this.table = table;
        this.tlb = new TlbInvalidation(queue, ranges, TlbTag.asid(asid));
    }

    @Override
    int stage() {
        return 1;
    }

    @Override
    int tag() {
        return asid;
    }

    @Override
    public ContextRecord record() {
        return new ContextRecord(request, asid, 1, table, installed == null ? null : installed.walker());
    }

    @Override
    public PageTableConfig tableConfig() {
        return table;
    }

    @Override
    public void install(WalkerConfig walker) {
        if (!(walker instanceof ArmStage1 stage1)) {
            throw new IommuException(
                    Errno.EINVAL, "walker configuration " + walker + " is not of ARM's long-descriptor stage 1");
        }
        if (stage1.upperHalf() != request.upperHalf()) {
            throw new IommuException(
                    Errno.EINVAL,
                    "walker configuration is for upper half " + stage1.upperHalf() + ", the context for "
                            + request.upperHalf());
        }
        installed = new Installed(stage1, pageShift(stage1));
    }

    @Override
    boolean isInstalled() {
        return installed != null;
    }

    /**
     * The context descriptor.
     *
     * @param stall whether faults stall
     * @return eight words
     */
    long[] descriptor(boolean stall) {
        return ContextEntry.of(installed.walker(), asid, stall, request.dirtyTracking());
    }

    /** Attribute bytes that leaves of the page table may select: those that the format gave a value. */
    long usedAttributes() {
        long used = 0;
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            long slot = 0xffL << shift;
            used |= (installed.walker().mair() & slot) != 0 ? slot : 0;
        }
        return used;
    }

    @Override
    InvalidationList needs(ClientDevice device, int substreamId) {
        List<Invalidation> needed = new ArrayList<>();
        needed.add(new Invalidation(Invalidation.Kind.S1_ASID, asid, 0));
        device.addCaches(needed, Invalidation.Kind.ATS, substreamId);
        return InvalidationList.of(needed);
    }

    @Override
    void submitAll() {
        tlb.all();
    }

    @Override
    void submitRange(long iova, long size, long granule, boolean leafOnly) {
        Installed table = installed;
        if (table != null) {
            tlb.range(iova, size, granule, leafOnly, table.pageShift());
        }
    }

    @Override
    public String toString() {
        return "ASID " + asid;
    }

    private static int pageShift(ArmStage1 walker) {
        long tg = walker.tg();
        return walker.upperHalf()
                ? Granules.shift(tg, ContextDescriptor.TG1_4K, ContextDescriptor.TG1_16K, ContextDescriptor.TG1_64K)
                : Granules.shift(tg, ContextDescriptor.TG0_4K, ContextDescriptor.TG0_16K, ContextDescriptor.TG0_64K);
    }
}
