package org.sluice.trace.internal.proof;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaMapper;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.Iommu;
import org.sluice.api.IommuException;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.trace.internal.machine.Stream;

/**
 * Clients that leave the choice of IOVAs to the platform, which a trace cannot show because it dictates them: buffers of
 * several sizes are mapped for a device, reached by DMA, unmapped, and reached no more: at once where invalidation is strict,
 * after a flush where it is lazy.
 */
public final class DmaMappingProof {
    private static final long PAGE = 4096;
    private static final int BUFFERS = 32;
    private static final int MOST_PAGES = 8;
    private static final long SEED = 20180511;

    private final Iommu iommu;
    private final PageAllocator pages;
    private final DmaProbe probe;
    private final Score score;

    /** A buffer that is mapped for a device. */
    private record Buffer(long address, long physical, long bytes) {}

    /**
     * A proof that holds nothing.
     *
     * @param iommu the platform
     * @param pages where buffers come from
     * @param probe does the DMA
     * @param score takes mismatches and what was shown
     */
    public DmaMappingProof(Iommu iommu, PageAllocator pages, DmaProbe probe, Score score) {
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
        try {
            prove(stream, DomainType.DMA);
            prove(stream, DomainType.DMA_FQ);
        } catch (IommuException refused) {
            if (refused.errno() != Errno.EOPNOTSUPP) {
                throw refused;
            }
            score.unsupported("no DMA mapping for clients that do not choose IOVAs: " + refused.getMessage());
        }
    }

    private void prove(Stream stream, DomainType type) {
        DmaMapper mapper = stream.device().dma();
        long before = stream.mismatchCount();
        try (Domain domain = iommu.allocDomain(stream.device(), DomainRequest.of(type))) {
            domain.attach(stream.device());
            List<Buffer> buffers = new ArrayList<>();
            Random sizes = new Random(SEED);
            for (int i = 0; i < BUFFERS; i++) {
                long bytes = PAGE * (1 + sizes.nextInt(MOST_PAGES));
                long physical = pages.allocate(bytes, PAGE);
                long address = mapper.map(physical, bytes, DmaDirection.BIDIRECTIONAL);
                buffers.add(new Buffer(address, physical, bytes));
            }
            buffers.forEach(buffer -> reaches(stream, buffer));
            for (Buffer buffer : buffers) {
                mapper.unmap(buffer.address(), buffer.bytes(), DmaDirection.BIDIRECTIONAL);
                if (type == DomainType.DMA) {
                    gone(stream, buffer);
                }
            }
            if (type == DomainType.DMA_FQ) {
                domain.space().flushTlbAll();
                buffers.forEach(buffer -> gone(stream, buffer));
            }
            buffers.forEach(buffer -> pages.free(buffer.physical(), buffer.bytes()));
        }
        if (stream.mismatchCount() == before) {
            score.shown(String.format(
                    "%s: %d buffers at IOVAs of the platform's choice, reached by DMA and no more after unmap%s",
                    type, BUFFERS, type == DomainType.DMA_FQ ? " and flush" : ""));
        }
    }

    private void reaches(Stream stream, Buffer buffer) {
        long last = buffer.bytes() - PAGE;
        probe.reads(stream, Dma.NO_PASID, buffer.address(), buffer.physical(), "read of a DMA mapping");
        probe.writes(
                stream,
                Dma.NO_PASID,
                buffer.address() + last,
                buffer.physical() + last,
                "write to the last page of a DMA mapping");
    }

    private void gone(Stream stream, Buffer buffer) {
        probe.faults(stream, Dma.NO_PASID, buffer.address(), "read of a DMA mapping that was unmapped");
    }
}
