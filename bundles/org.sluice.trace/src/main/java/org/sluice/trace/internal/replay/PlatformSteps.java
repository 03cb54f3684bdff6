package org.sluice.trace.internal.replay;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.sluice.spi.board.Dma;
import org.sluice.trace.internal.books.StepSink;
import org.sluice.trace.internal.books.TracedDomain;
import org.sluice.trace.internal.books.TracedLeaf;
import org.sluice.trace.internal.machine.Stream;
import org.sluice.trace.internal.proof.BypassProof;
import org.sluice.trace.internal.proof.DmaProbe;
import org.sluice.trace.internal.proof.MappingProof;
import org.sluice.trace.internal.proof.PasidProof;
import org.sluice.trace.internal.proof.Score;

/**
 * Carries the steps of a trace out on the platform, with a DMA before and after: what was mapped is reached at once; what
 * is unmapped was read just before, so that it is cached, and is not reached at once after.
 */
final class PlatformSteps implements StepSink {
    private final Platform platform;
    private final DmaProbe probe;
    private final Score score;
    private final MappingProof mapping;
    private final BypassProof bypass;
    private final PasidProof pasids;
    private final LongConsumer done;
    private final long stride;
    private long steps;

    /**
     * Steps on a platform.
     *
     * @param platform the platform's domains
     * @param probe does DMA
     * @param score takes mismatches
     * @param mapping proof of translated streams
     * @param bypass proof of bypassed streams
     * @param pasids private spaces, which a device that moves must give back
     * @param stride every how many steps DMA is done
     * @param done is told the number of each event that was dealt with
     */
    PlatformSteps(
            Platform platform,
            DmaProbe probe,
            Score score,
            MappingProof mapping,
            BypassProof bypass,
            PasidProof pasids,
            long stride,
            LongConsumer done) {
        this.platform = platform;
        this.probe = probe;
        this.score = score;
        this.mapping = mapping;
        this.bypass = bypass;
        this.pasids = pasids;
        this.stride = stride;
        this.done = done;
    }

    @Override
    public void attach(TracedDomain domain, String device, Optional<TracedDomain> old) {
        Stream stream = platform.stream(device);
        if (pasids.has(stream)) {
            platform.attempt("release of the PASIDs of " + device, () -> pasids.release(stream));
        }
        platform.domain(domain)
                .ifPresent(target -> platform.attempt(
                        "attach of " + device + " to " + domain, () -> target.attach(stream.device())));
        if (domain.identity()) {
            bypass.prove(stream);
        } else {
            mapping.moved(stream, domain, old);
        }
    }

    @Override
    public void map(TracedDomain domain, long iova, long paddr, long size, int prot) {
        boolean turn = isTurn() && platform.isReadable(prot);
        platform.domain(domain)
                .ifPresent(target -> platform.attempt(
                        String.format("map of iova 0x%x, 0x%x bytes at 0x%x, in %s", iova, size, paddr, domain),
                        () -> target.space().map(iova, paddr, size, prot)));
        if (turn) {
            long last = size - TracedLeaf.PAGE;
            for (Stream stream : platform.streams(domain)) {
                reads(stream, iova, paddr);
                if (last != 0) {
                    reads(stream, iova + last, paddr + last);
                }
            }
        }
    }

    @Override
    public long unmap(TracedDomain domain, long iova, long size, long removable) {
        boolean turn = isTurn() && removable != 0;
        List<Stream> streams = turn ? platform.streams(domain) : List.of();
        long last = removable - TracedLeaf.PAGE;
        for (Stream stream : streams) {
            cached(domain, stream, iova);
            cached(domain, stream, iova + last);
        }
        String what = String.format("unmap of iova 0x%x, 0x%x bytes, in %s", iova, size, domain);
        long gone = unmap(domain, iova, size, removable, what);
        for (Stream stream : streams) {
            probe.faults(stream, Dma.NO_PASID, iova, "read right after the unmap");
            if (last != 0) {
                probe.faults(stream, Dma.NO_PASID, iova + last, "read right after the unmap");
            }
        }
        return gone;
    }

    private long unmap(TracedDomain domain, long iova, long size, long removable, String what) {
        AtomicLong gone = new AtomicLong(removable);
        platform.domain(domain)
                .ifPresent(target -> platform.attempt(what, () -> {
                    long unmapped = target.space().unmap(iova, size);
                    if (unmapped == domain.space().removableWithBlock(iova, size)) {
                        gone.set(unmapped);
                    } else if (unmapped != removable) {
                        score.mismatch(what, removable + " bytes", unmapped + " bytes");
                    }
                }));
        return gone.get();
    }

    @Override
    public void destroy(TracedDomain domain) {
        platform.close(domain);
    }

    @Override
    public void done(long ordinal) {
        done.accept(ordinal);
    }

    private boolean isTurn() {
        return steps++ % stride == 0;
    }

    private void reads(Stream stream, long iova, long paddr) {
        probe.reads(stream, Dma.NO_PASID, iova, paddr, "read right after the map");
    }

    private void cached(TracedDomain domain, Stream stream, long iova) {
        domain.space()
                .overlapping(iova, TracedLeaf.PAGE)
                .filter(leaf -> platform.isReadable(leaf.prot()))
                .ifPresent(leaf -> probe.reads(
                        stream,
                        Dma.NO_PASID,
                        iova,
                        leaf.paddr() + (iova - leaf.iova()),
                        "read right before the unmap"));
    }
}
