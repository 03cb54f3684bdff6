package org.sluice.trace.fake;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import org.sluice.api.ActivationKind;
import org.sluice.api.ClientTable;
import org.sluice.api.Domain;
import org.sluice.api.Errno;
import org.sluice.api.FaultHandler;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.api.Prot;
import org.sluice.api.ScatterList;
import org.sluice.api.SpaceRevokedException;
import org.sluice.api.SpaceState;

/** An address space that is a map from page to page, with leaves as large as a kernel would choose. */
final class FakeSpace implements IoMm {
    private static final long[] SIZES = {1L << 30, 1L << 21, 1L << 12};

    private final FakePlatform platform;
    private final Domain domain;
    private final int pasid;
    private final Map<Long, Leaf> leaves = new ConcurrentSkipListMap<>(Long::compareUnsigned);
    private boolean revoked;

    record Leaf(long iova, long paddr, long size, int prot) {}

    FakeSpace(FakePlatform platform, Domain domain, int pasid) {
        this.platform = platform;
        this.domain = domain;
        this.pasid = pasid;
    }

    Optional<Leaf> leaf(long iova) {
        Map.Entry<Long, Leaf> entry = ((ConcurrentSkipListMap<Long, Leaf>) leaves).floorEntry(iova);
        return Optional.ofNullable(entry).map(Map.Entry::getValue).filter(leaf -> iova - leaf.iova() < leaf.size());
    }

    void revoke() {
        revoked = true;
    }

    @Override
    public void map(long iova, long paddr, long size, int prot) {
        if (revoked) {
            throw new SpaceRevokedException("PASID " + pasid + " was freed");
        }
        if (platform.defect() == Defect.NO_MAP) {
            throw new IommuException(Errno.ENOMEM, "no page for a table");
        }
        for (long done = 0; done < size; ) {
            for (long leaf : SIZES) {
                if (leaf <= size - done && (iova + done | paddr + done) % leaf == 0) {
                    leaves.put(iova + done, new Leaf(iova + done, paddr + done, leaf, prot));
                    done += leaf;
                    break;
                }
            }
        }
    }

    @Override
    public long unmap(long iova, long size) {
        long done = 0;
        while (!revoked && done < size && leaves.containsKey(iova + done)) {
            done += leaves.remove(iova + done).size();
        }
        platform.invalidate(this);
        return platform.defect() == Defect.FORGETFUL_UNMAP ? 0 : done;
    }

    @Override
    public void walk(long first, long last, LeafVisitor visitor) {
        long shift = platform.defect() == Defect.WRONG_DESCRIPTOR ? 4096 : 0;
        for (Leaf leaf : leaves.values()) {
            int prot = leaf.prot() & (Prot.READ | Prot.WRITE);
            visitor.leaf(
                    leaf.iova(),
                    leaf.paddr() + shift,
                    leaf.size(),
                    0,
                    (prot & Prot.WRITE) != 0 ? prot | Prot.READ : prot);
        }
    }

    @Override
    public long pageSizes() {
        return 0x40201000L;
    }

    @Override
    public long firstIova() {
        return 0;
    }

    @Override
    public long lastIova() {
        return (1L << 48) - 1;
    }

    @Override
    public long iovaToPhys(long iova) {
        return leaf(iova).map(leaf -> leaf.paddr() + iova - leaf.iova()).orElse(0L);
    }

    @Override
    public int pasid() {
        return pasid;
    }

    @Override
    public boolean isPrivate() {
        return true;
    }

    @Override
    public Domain domain() {
        return domain;
    }

    @Override
    public Set<IommuDevice> bonds() {
        return domain.devices();
    }

    @Override
    public SpaceState state() {
        return revoked ? SpaceState.REVOKED : SpaceState.ATTACHED;
    }

    @Override
    public ActivationKind activation() {
        return ActivationKind.TABLE;
    }

    @Override
    public Optional<ClientTable> clientTable() {
        return Optional.empty();
    }

    @Override
    public void bond(IommuDevice device) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void onFault(FaultHandler handler) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long mapSg(long iova, ScatterList segments, int prot) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long unmapFast(long iova, long size, IotlbGather gather) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long unmapFast(long iova, long size) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void sync(IotlbGather gather) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void flushTlbAll() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void tlbRangeAdd(long iova, long size) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void tlbSync() {
        throw new UnsupportedOperationException();
    }
}
