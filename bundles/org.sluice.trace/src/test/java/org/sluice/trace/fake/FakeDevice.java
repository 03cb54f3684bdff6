package org.sluice.trace.fake;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.sluice.api.Capability;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultReason;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuGroup;
import org.sluice.api.Prot;
import org.sluice.api.SvaParameters;
import org.sluice.spi.board.Dma;

/** A device of the fake platform, with its DMA port and a TLB of its own. */
final class FakeDevice implements IommuDevice, Dma {
    private static final long PAGE = 4096;

    private final FakePlatform platform;
    private final String name;
    private final int streamId;
    private final Map<Integer, FakeSpace> pasids = new ConcurrentHashMap<>();
    private final Map<Integer, FakeSpace> stale = new ConcurrentHashMap<>();
    private final Map<Integer, FakeProcess> shared = new ConcurrentHashMap<>();
    private final Map<Long, FakeSpace.Leaf> tlb = new ConcurrentHashMap<>();
    private volatile FakeDomain domain;
    private SvaParameters range = SvaParameters.any();
    private int next;

    FakeDevice(FakePlatform platform, String name, int streamId) {
        this.platform = platform;
        this.name = name;
        this.streamId = streamId;
    }

    void attach(FakeDomain to) {
        domain = to;
        tlb.clear();
    }

    FakeSpace allocate(FakePlatform owner, FakeDomain from) {
        int span = range.maxPasid() - range.minPasid() + 1;
        int pasid = range.minPasid() + next++ % span;
        while (pasids.containsKey(pasid)) {
            pasid = range.minPasid() + next++ % span;
        }
        FakeSpace space = new FakeSpace(owner, from, pasid);
        pasids.put(pasid, space);
        return space;
    }

    void share(int pasid, FakeProcess process) {
        shared.put(pasid, process);
    }

    /** Once it returns, no transfer is under way. */
    synchronized void unshare(int pasid) {
        shared.remove(pasid);
    }

    void free(FakeSpace space) {
        if (pasids.remove(space.pasid(), space) && platform.defect() == Defect.STALE_PASID) {
            stale.put(space.pasid(), space);
        }
        invalidate();
    }

    void invalidate() {
        if (platform.defect() != Defect.STALE_TLB) {
            tlb.clear();
        }
    }

    @Override
    public int read(int pasid, long iova, byte[] target, int offset, int length, int flags) {
        return transfer(pasid, iova, target, offset, length, false);
    }

    @Override
    public int write(int pasid, long iova, byte[] source, int offset, int length, int flags) {
        return transfer(pasid, iova, source, offset, length, true);
    }

    private synchronized int transfer(int pasid, long iova, byte[] data, int offset, int length, boolean write) {
        for (int done = 0; done < length; ) {
            long at = iova + done;
            int part = (int) Math.min(length - done, PAGE - at % PAGE);
            long paddr = translate(pasid, at, write);
            if (paddr < 0) {
                return ABORT;
            }
            if (write) {
                platform.memory().write(paddr, data, offset + done, part);
            } else {
                platform.memory().read(paddr, data, offset + done, part);
            }
            done += part;
        }
        return OK;
    }

    private long translate(int tag, long iova, boolean write) {
        int pasid = tag != NO_PASID && platform.defect() == Defect.SWAPPED_PASIDS ? (tag - 1 ^ 1) + 1 : tag;
        if (pasid == NO_PASID && domain.type() == DomainType.IDENTITY) {
            return platform.defect() == Defect.NO_BYPASS ? -1 : iova;
        }
        FakeProcess process = shared.get(pasid);
        if (process != null) {
            long paddr = process.access(iova, write, true);
            return paddr >= 0
                    ? paddr
                    : paddr == FakeProcess.NO_PAGE
                            ? fault(tag, FaultReason.TRANSLATION, "F_TRANSLATION", iova, write)
                            : fault(tag, FaultReason.PERMISSION, "F_PERMISSION", iova, write);
        }
        FakeSpace space = pasid == NO_PASID ? domain.fakeSpace() : stale.getOrDefault(pasid, pasids.get(pasid));
        if (space == null) {
            return fault(tag, FaultReason.BAD_PASID, "C_BAD_CD", 0, write);
        }
        long key = iova / PAGE << 12 | pasid + 1;
        FakeSpace.Leaf leaf = tlb.get(key);
        if (leaf == null) {
            leaf = space.leaf(iova).orElse(null);
            if (leaf == null) {
                return fault(tag, FaultReason.TRANSLATION, "F_TRANSLATION", iova, write);
            }
            tlb.put(key, leaf);
        }
        if (write && (leaf.prot() & Prot.WRITE) == 0 && platform.defect() != Defect.WRITABLE) {
            return fault(tag, FaultReason.PERMISSION, "F_PERMISSION", iova, true);
        }
        long shift = platform.defect() == Defect.WRONG_PAGE ? PAGE : 0;
        return leaf.paddr() + (iova - leaf.iova()) + shift;
    }

    private long fault(int pasid, FaultReason reason, String record, long iova, boolean write) {
        platform.report(new FaultEvent(
                FakePlatform.IOMMU,
                name,
                streamId,
                pasid,
                reason,
                record,
                iova,
                write,
                false,
                false,
                false,
                List.of()));
        return -1;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<Integer> streamIds() {
        return List.of(streamId);
    }

    @Override
    public IommuGroup group() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<Domain> domain() {
        return Optional.ofNullable(domain);
    }

    @Override
    public boolean capable(Capability capability) {
        return capability == Capability.PASID;
    }

    @Override
    public void initSva(SvaParameters parameters) {
        range = parameters;
    }

    @Override
    public void shutdownSva() {
        next = 0;
    }
}
