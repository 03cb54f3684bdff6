package org.sluice.core.dma;

import org.sluice.api.DmaBuffer;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaLimits;
import org.sluice.api.DmaMapper;
import org.sluice.api.DmaMapping;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.ScatterList;
import org.sluice.core.space.DmaWindow;
import org.sluice.core.space.SegmentLayout;

/**
 * DMA mapping for one device, in whatever domain it is. Any thread may call it; it holds no lock. A trusted device's map and
 * unmap allocate nothing.
 */
public final class DeviceDma implements DmaMapper {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");
    private static final long LAST_BELOW_4G = 0xffff_ffffL;
    private static final int MAP_ATTRIBUTES = PRIVILEGED | MMIO;

    private final DmaClient client;
    private final boolean untrusted;
    private final int coherence;
    private final Bouncing bouncing;
    private volatile DmaLimits limits;
    private volatile boolean below4GFirst;

    /**
     * The mapper of a device.
     *
     * @param client the device
     */
    public DeviceDma(DmaClient client) {
        this.client = client;
        this.untrusted = client.properties().untrusted();
        this.coherence = client.properties().coherent() ? Prot.CACHE : 0;
        this.bouncing = new Bouncing(client.memory(), client.allocator());
        setLimits(client.properties().limits());
    }

    @Override
    public DmaLimits limits() {
        return limits;
    }

    @Override
    public void setLimits(DmaLimits wanted) {
        limits = wanted;
        below4GFirst = wanted.below4GFirst() && Long.compareUnsigned(wanted.lastAddress(), LAST_BELOW_4G) > 0;
    }

    @Override
    public long map(long paddr, long size, DmaDirection direction, int attributes) {
        checkRange("paddr", paddr, size);
        int prot = prot(direction, attributes);
        DmaDomain domain = domain();
        return domain == null
                ? identity(paddr, size)
                : mapIn(domain, paddr, size, prot, (attributes & MMIO) == 0 && untrusted);
    }

    /** Maps in a domain; parts of pages go through bounce pages if the device must not see the rest. */
    long mapIn(DmaDomain domain, long paddr, long size, int prot, boolean wholePages) {
        long granule = domain.granule();
        long offset = paddr & granule - 1;
        long pages = offset + size + granule - 1 & -granule;
        if (wholePages && ((paddr | size) & granule - 1) != 0) {
            ScatterList pieces = bouncing.pieces(granule, paddr, size);
            try {
                return mapPieces(domain, pieces, prot) + offset;
            } catch (RuntimeException failed) {
                bouncing.release(granule, pieces);
                throw failed;
            }
        }
        long iova = mapPages(domain, paddr - offset, pages, prot);
        return iova + offset;
    }

    private long mapPages(DmaDomain domain, long paddr, long size, int prot) {
        DmaWindow window = domain.window(!untrusted);
        long last = limits.lastAddress();
        if (below4GFirst) {
            long iova = window.map(paddr, size, prot, LAST_BELOW_4G);
            if (iova != 0) {
                return iova;
            }
            useAll();
        }
        long iova = window.map(paddr, size, prot, last);
        if (iova == 0) {
            window.recover();
            iova = window.map(paddr, size, prot, last);
        }
        return required(domain, iova, size);
    }

    private long mapPieces(DmaDomain domain, ScatterList pieces, int prot) {
        return mapSegments(domain, pieces, new SegmentLayout(domain.granule(), 0), prot);
    }

    private long mapSegments(DmaDomain domain, ScatterList segments, SegmentLayout layout, int prot) {
        DmaWindow window = domain.window(!untrusted);
        long last = limits.lastAddress();
        if (below4GFirst) {
            long iova = window.mapSg(segments, layout, prot, LAST_BELOW_4G);
            if (iova != 0) {
                return iova;
            }
            useAll();
        }
        long iova = window.mapSg(segments, layout, prot, last);
        if (iova == 0) {
            window.recover();
            iova = window.mapSg(segments, layout, prot, last);
        }
        return required(domain, iova, layout.total(segments));
    }

    /** Below 4 GiB it became tight: from now on the device gets all that it can send, and no time is spent there first. */
    private void useAll() {
        below4GFirst = false;
        LOG.log(System.Logger.Level.INFO, "{0}: using {1}-bit DMA addresses", client.name(), limits.addressBits());
    }

    private long required(DmaDomain domain, long iova, long size) {
        if (iova == 0) {
            throw new IommuException(
                    Errno.ENOSPC,
                    String.format(
                            "no IOVA is free in %s for 0x%x bytes of %s, which can address up to 0x%x",
                            domain.space().name(), size, client.name(), limits.lastAddress()));
        }
        return iova;
    }

    @Override
    public void unmap(long address, long size, DmaDirection direction, int attributes) {
        checkRange("address", address, size);
        checkAttributes(attributes, SKIP_SYNC);
        DmaDomain domain = domain();
        if (domain != null) {
            unmapIn(domain, address, size, direction.isWritten() && (attributes & SKIP_SYNC) == 0, !untrusted);
        }
    }

    /** Unmaps in the domain where it was mapped. */
    void unmapIn(DmaDomain domain, long address, long size, boolean copyBack, boolean lazily) {
        long granule = domain.granule();
        long iova = address & -granule;
        long pages = (address - iova) + size + granule - 1 & -granule;
        long head = 0;
        long tail = 0;
        if (untrusted) {
            head = domain.space().iovaToPhys(iova);
            tail = domain.space().iovaToPhys(iova + pages - granule);
        }
        requireWhole(domain, domain.window(lazily).unmap(iova, pages), pages, address);
        if (untrusted) {
            // The device cannot write any more: what it wrote is complete.
            bouncing.finish(granule, head, tail, copyBack);
        }
    }

    private void requireWhole(DmaDomain domain, long done, long wanted, long address) {
        if (done != wanted && domain.space().ledger().isLive()) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "%s unmaps 0x%x bytes at DMA address 0x%x, only 0x%x were mapped there; the IOVA stays taken",
                            client.name(), wanted, address, done));
        }
    }

    @Override
    public DmaMapping open(long paddr, long size, DmaDirection direction) {
        checkRange("paddr", paddr, size);
        DmaDomain domain = domain();
        long address =
                domain == null ? identity(paddr, size) : mapIn(domain, paddr, size, prot(direction, 0), untrusted);
        return new StreamingMapping(this, domain, address, size, direction);
    }

    @Override
    public int mapSg(ScatterList segments, DmaDirection direction, int attributes, ScatterList dma) {
        dma.clear();
        int prot = prot(direction, attributes);
        if (segments.size() == 0) {
            throw new IommuException(Errno.EINVAL, "the scatter list is empty");
        }
        for (int i = 0; i < segments.size(); i++) {
            checkRange("segment", segments.address(i), segments.length(i));
        }
        DmaDomain domain = domain();
        if (domain == null) {
            for (int i = 0; i < segments.size(); i++) {
                identity(segments.address(i), segments.length(i));
            }
            DmaSegments.copy(segments, dma);
        } else if (untrusted && (attributes & MMIO) == 0) {
            mapOneByOne(domain, segments, prot, direction, dma);
        } else {
            DmaLimits can = limits;
            SegmentLayout layout = new SegmentLayout(domain.granule(), can.boundary());
            long iova = mapSegments(domain, segments, layout, prot);
            DmaSegments.merge(segments, layout, iova, can.maxSegment(), dma);
        }
        return dma.size();
    }

    private void mapOneByOne(
            DmaDomain domain, ScatterList segments, int prot, DmaDirection direction, ScatterList dma) {
        try {
            for (int i = 0; i < segments.size(); i++) {
                long address = mapIn(domain, segments.address(i), segments.length(i), prot, true);
                dma.add(address, segments.length(i));
            }
        } catch (RuntimeException failed) {
            for (int i = 0; i < dma.size(); i++) {
                unmapIn(domain, dma.address(i), dma.length(i), false, false);
            }
            dma.clear();
            throw failed;
        }
    }

    @Override
    public void unmapSg(ScatterList dma, DmaDirection direction, int attributes) {
        checkAttributes(attributes, SKIP_SYNC);
        DmaDomain domain = domain();
        if (domain == null || dma.size() == 0) {
            return;
        }
        if (untrusted) {
            for (int i = 0; i < dma.size(); i++) {
                boolean copyBack = direction.isWritten() && (attributes & SKIP_SYNC) == 0;
                unmapIn(domain, dma.address(i), dma.length(i), copyBack, false);
            }
            return;
        }
        long granule = domain.granule();
        int last = dma.size() - 1;
        long iova = dma.address(0) & -granule;
        long end = dma.address(last) + dma.length(last) + granule - 1 & -granule;
        long done = domain.window(true).unmapSg(dma, iova, end - iova);
        requireWhole(domain, done, DmaSegments.covered(dma, granule), dma.address(0));
    }

    @Override
    public DmaBuffer allocate(long size) {
        checkRange("size", 0, size);
        DmaDomain domain = domain();
        long granule = domain == null ? 4096 : domain.granule();
        long bytes = size + granule - 1 & -granule;
        long paddr = domain == null
                ? client.allocator().allocateBelow(bytes, granule, limits.lastAddress())
                : client.allocator().allocate(bytes, granule);
        try {
            long address = domain == null
                    ? paddr
                    : mapIn(domain, paddr, bytes, coherence | DmaDirection.BIDIRECTIONAL.prot(), false);
            StreamingMapping mapping = new StreamingMapping(this, domain, address, bytes, DmaDirection.BIDIRECTIONAL);
            return new CoherentBuffer(mapping, paddr, size, bytes, client.allocator());
        } catch (RuntimeException failed) {
            client.allocator().free(paddr, bytes);
            throw failed;
        }
    }

    @Override
    public void syncForCpu(long address, long size, DmaDirection direction) {
        if (direction.isWritten()) {
            sync(address, size, true);
        }
    }

    @Override
    public void syncForDevice(long address, long size, DmaDirection direction) {
        if (direction != DmaDirection.FROM_DEVICE) {
            sync(address, size, false);
        }
    }

    private void sync(long address, long size, boolean back) {
        checkRange("address", address, size);
        DmaDomain domain = untrusted ? domain() : null;
        if (domain != null) {
            bouncing.sync(domain, address, size, back);
        }
    }

    /** Whether its unmaps may be invalidated later, where the domain does that. */
    boolean isLazy() {
        return !untrusted;
    }

    /** Bounce pages in use. */
    int bouncePages() {
        return bouncing.pagesInUse();
    }

    /** The domain to map in; null where addresses are physical. */
    private DmaDomain domain() {
        DmaDomain domain = client.dmaDomain();
        return domain != null ? domain : client.becameDma() ? client.dmaDomain() : null;
    }

    private long identity(long paddr, long size) {
        if (Long.compareUnsigned(paddr + size - 1, limits.lastAddress()) > 0) {
            throw new IommuException(
                    Errno.ERANGE,
                    String.format(
                            "%s passes untranslated and can address up to 0x%x, memory ends at 0x%x",
                            client.name(), limits.lastAddress(), paddr + size - 1));
        }
        return paddr;
    }

    private int prot(DmaDirection direction, int attributes) {
        checkAttributes(attributes, MAP_ATTRIBUTES);
        int kind = (attributes & MMIO) != 0 ? Prot.MMIO : coherence;
        return direction.prot() | kind | ((attributes & PRIVILEGED) != 0 ? Prot.PRIV : 0);
    }

    private static void checkAttributes(int attributes, int known) {
        if ((attributes & ~known) != 0) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format("attributes are 0x%x, only bits of 0x%x are known here", attributes, known));
        }
    }

    private static void checkRange(String what, long start, long size) {
        // Above 2^62 no IOVA could be rounded up to a power of two.
        if (size <= 0 || size > 1L << 62 || Long.compareUnsigned(start + size - 1, start) < 0) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "%s 0x%x with size 0x%x: size must be above 0 and end below 2^64", what, start, size));
        }
    }
}
