package org.sluice.core.dma;

import java.util.HashMap;
import java.util.Map;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.core.space.Space;

/**
 * Doorbells of message-signalled interrupts in one domain: each page of them is mapped once and stays as long as the domain, as
 * Linux's {@code iommu_dma_get_msi_page} does it. Where the platform chooses IOVAs they come from its allocator, else from a
 * window that the client gave. Any thread may call it; guarded by this, and never on the way of a DMA.
 */
public final class Doorbells {
    private static final int PROT = Prot.WRITE | Prot.NOEXEC | Prot.MMIO;
    private static final long LAST_BELOW_4G = 0xffff_ffffL;

    private final Space space;
    private final DmaDomain dma;
    private final Map<Long, Long> iovas = new HashMap<>();
    private boolean window;
    private long next;

    /**
     * No doorbell yet.
     *
     * @param space of the domain; null for one that does not translate
     * @param dma who chooses its IOVAs; null if that is the client
     */
    public Doorbells(Space space, DmaDomain dma) {
        this.space = space;
        this.dma = dma;
    }

    /**
     * Gives the window of a domain whose client chooses IOVAs ({@code iommu_get_msi_cookie}).
     *
     * @param base bytes, a multiple of the smallest page
     * @throws IommuException EINVAL not such a domain, or misaligned; EEXIST given before
     */
    public synchronized void setWindow(long base) {
        if (space == null || dma != null) {
            throw new IommuException(Errno.EINVAL, "a window for doorbells is for UNMANAGED domains");
        }
        long page = Long.lowestOneBit(space.pageSizes());
        if ((base & page - 1) != 0) {
            throw new IommuException(
                    Errno.EINVAL, String.format("doorbell window 0x%x is no multiple of 0x%x", base, page));
        }
        if (window) {
            throw new IommuException(Errno.EEXIST, "the domain has a window for doorbells already");
        }
        window = true;
        next = base;
    }

    /**
     * Where a device of the domain writes to ring a doorbell.
     *
     * @param paddr physical address in bytes
     * @return IOVA in bytes
     * @throws IommuException EINVAL no window was given; ENOSPC no IOVA is free; as {@link Space#map}
     */
    public synchronized long of(long paddr) {
        long size = Long.lowestOneBit(space.pageSizes());
        long offset = paddr & size - 1;
        long page = paddr - offset;
        Long known = iovas.get(page);
        if (known == null) {
            known = dma != null ? allocated(page, size) : placed(page, size);
            space.ledger().commons().watch().exempt(space.ledger(), known, size);
            iovas.put(page, known);
        }
        return known + offset;
    }

    private long allocated(long page, long size) {
        // a device that sends 32 bits only rings it too, if that is possible
        long iova = dma.window(false).map(page, size, PROT, LAST_BELOW_4G);
        if (iova == 0) {
            iova = dma.window(false).map(page, size, PROT, space.lastIova());
        }
        if (iova == 0) {
            throw new IommuException(
                    Errno.ENOSPC, String.format("no IOVA is free in %s for doorbell 0x%x", space.name(), page));
        }
        return iova;
    }

    private long placed(long page, long size) {
        if (!window) {
            throw new IommuException(
                    Errno.EINVAL, space.name() + " has no window for doorbells: its client chooses the IOVAs");
        }
        space.map(next, page, size, PROT);
        long iova = next;
        next += size;
        return iova;
    }
}
