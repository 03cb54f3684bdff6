package org.sluice.trace.internal.proof;

import org.sluice.api.AddressSpace;
import org.sluice.api.Capability;
import org.sluice.api.DirtyBitmap;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Iommu;
import org.sluice.api.Prot;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.trace.internal.machine.Stream;

/**
 * Dirty pages, as for a live migration: the hardware marks what a device writes and nothing else, and a page that was read
 * and cleared is marked by the next write, although the device had its translation.
 */
public final class DirtyProof {
    private static final long PAGE = 4096;
    private static final int PAGES = 32;
    private static final int WRITTEN_EACH = 3;
    private static final long BASE = 0x2000_0000L;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final Iommu iommu;
    private final PageAllocator pages;
    private final DmaProbe probe;
    private final Score score;

    /**
     * A proof that holds nothing.
     *
     * @param iommu the platform
     * @param pages where pages come from
     * @param probe does the DMA
     * @param score takes mismatches and what was shown
     */
    public DirtyProof(Iommu iommu, PageAllocator pages, DmaProbe probe, Score score) {
        this.iommu = iommu;
        this.pages = pages;
        this.probe = probe;
        this.score = score;
    }

    /**
     * Moves a device into a domain of its own, proves it, and leaves the device in its default domain.
     *
     * @param stream no PASIDs are allocated on it
     */
    public void prove(Stream stream) {
        if (!stream.device().capable(Capability.DIRTY_TRACKING)) {
            score.unsupported("the IOMMU of this machine does not mark what devices write: no dirty pages were read");
            return;
        }
        long before = stream.mismatchCount();
        long memory = pages.allocate(PAGES * PAGE, PAGE);
        try (Domain domain = iommu.allocDomain(
                stream.device(), DomainRequest.of(DomainType.UNMANAGED).withDirtyTracking())) {
            domain.attach(stream.device());
            domain.space().map(BASE, memory, PAGES * PAGE, RW);
            domain.space().setDirtyTracking(true);
            for (int page = 0; page < PAGES; page++) {
                long offset = page * PAGE;
                probe.reads(stream, Dma.NO_PASID, BASE + offset, memory + offset, "read of a page that is tracked");
            }
            round(stream, domain.space(), memory, 0);
            round(stream, domain.space(), memory, 1);
        } finally {
            pages.free(memory, PAGES * PAGE);
        }
        if (stream.mismatchCount() == before) {
            score.shown(
                    String.format("dirty pages: those that a device wrote, of %d that it read, twice in a row", PAGES));
        }
    }

    /** Every third page is written, the same ones and one more in each round. */
    private void round(Stream stream, AddressSpace space, long memory, int extra) {
        for (int page = 0; page < PAGES; page++) {
            if (isWritten(page, extra)) {
                long offset = page * PAGE;
                probe.writes(stream, Dma.NO_PASID, BASE + offset, memory + offset, "write to a page that is tracked");
            }
        }
        DirtyBitmap found = new DirtyBitmap(BASE, PAGES * PAGE, PAGE);
        space.readDirty(BASE, PAGES * PAGE, true, found);
        for (int page = 0; page < PAGES; page++) {
            boolean dirty = found.isDirty(BASE + page * PAGE);
            if (dirty != isWritten(page, extra)) {
                score.mismatch(
                        stream,
                        Dma.NO_PASID,
                        BASE + page * PAGE,
                        "dirty mark",
                        dirty ? "none, it was only read" : "there, it was written",
                        dirty ? "there" : "none");
            }
        }
    }

    private static boolean isWritten(int page, int extra) {
        return page % WRITTEN_EACH == 0 || page == extra;
    }
}
