package org.sluice.trace.internal.proof;

import java.util.Optional;
import java.util.Random;
import org.sluice.api.Prot;
import org.sluice.spi.board.Dma;
import org.sluice.trace.ReplayProgress;
import org.sluice.trace.internal.LongRanges;
import org.sluice.trace.internal.books.TracedDomain;
import org.sluice.trace.internal.books.TracedLeaf;
import org.sluice.trace.internal.capture.TableForm;
import org.sluice.trace.internal.machine.Stream;

/**
 * Shows by DMA that a stream reaches exactly what the books say: every live page at its physical address with its
 * permission, and no page that was unmapped. Above {@link #MOST_PAGES} pages a leaf is checked at its first and last page
 * and at seeded random ones between, and the report says so.
 */
public final class MappingProof {
    /** Pages of a stream up to which every single one is checked. */
    static final long MOST_PAGES = 1 << 16;

    private static final int SAMPLES = 2;
    private static final long SEED = 20;
    private static final String NOT_LIVE = "read of an IOVA that was unmapped";

    private final DmaProbe probe;
    private final TableForm form;
    private final Score score;

    /**
     * A proof.
     *
     * @param probe does the DMA
     * @param form of the captured kernel's tables
     * @param score takes remarks
     */
    public MappingProof(DmaProbe probe, TableForm form, Score score) {
        this.probe = probe;
        this.form = form;
        this.score = score;
    }

    /**
     * Checks all that is live and all that was unmapped.
     *
     * @param stream attached to the domain
     * @param domain its books
     * @param unreachable IOVAs that were live for the stream once
     * @param progress is told how many pages are done
     */
    public void prove(Stream stream, TracedDomain domain, LongRanges unreachable, ReplayProgress progress) {
        long live = domain.space().pages();
        long gone = unreachable.size() / TracedLeaf.PAGE;
        Walk walk = new Walk(live <= MOST_PAGES, progress);
        for (TracedLeaf leaf : domain.space().leaves()) {
            walk.pages(leaf.iova(), leaf.size(), iova -> live(stream, leaf, iova));
        }
        walk.whole = gone <= MOST_PAGES;
        unreachable.forEach((first, last) ->
                walk.pages(first, last - first + 1, iova -> probe.faults(stream, Dma.NO_PASID, iova, NOT_LIVE)));
        sampled(stream, live, "live");
        sampled(stream, gone, "unmapped");
    }

    /**
     * Checks a stream right after it moved: a page of the new domain is reached, one of the old domain only if both have it.
     *
     * @param stream attached to the new domain
     * @param domain its books
     * @param old books of the domain that it left
     */
    public void moved(Stream stream, TracedDomain domain, Optional<TracedDomain> old) {
        first(domain).ifPresent(leaf -> live(stream, leaf, leaf.iova()));
        if (!domain.identity()) {
            old.flatMap(MappingProof::first)
                    .filter(leaf -> domain.space()
                            .overlapping(leaf.iova(), TracedLeaf.PAGE)
                            .isEmpty())
                    .ifPresent(leaf -> probe.faults(
                            stream, Dma.NO_PASID, leaf.iova(), "read of an IOVA of the domain that the device left"));
        }
    }

    /**
     * Checks one live page: read, unless it is write-only, and write or that it is refused.
     *
     * @param stream attached to the domain
     * @param leaf that holds it
     * @param iova of the page
     */
    public void live(Stream stream, TracedLeaf leaf, long iova) {
        long paddr = leaf.paddr() + (iova - leaf.iova());
        int granted = form.granted(leaf.prot());
        if ((granted & Prot.READ) != 0) {
            probe.reads(stream, Dma.NO_PASID, iova, paddr, "read of a live page");
        }
        if ((granted & Prot.WRITE) != 0) {
            probe.writes(stream, Dma.NO_PASID, iova, paddr, "write to a live page");
        } else {
            probe.refusesWrite(stream, Dma.NO_PASID, iova, paddr, "write to a read-only page");
        }
    }

    private static Optional<TracedLeaf> first(TracedDomain domain) {
        return domain.space().leaves().stream().findFirst();
    }

    private void sampled(Stream stream, long pages, String kind) {
        if (pages > MOST_PAGES) {
            score.note(String.format(
                    "stream 0x%x has %d %s pages: of each leaf or range the first, the last and %d seeded random pages"
                            + " were checked, not all",
                    stream.id(), pages, kind, SAMPLES));
        }
    }

    /** Checks one page. */
    @FunctionalInterface
    private interface PageCheck {
        void page(long iova);
    }

    /** A walk over pages, whole or sampled. */
    private static final class Walk {
        private final Random random = new Random(SEED);
        private final ReplayProgress progress;
        private boolean whole;
        private long done;

        Walk(boolean whole, ReplayProgress progress) {
            this.whole = whole;
            this.progress = progress;
        }

        void pages(long first, long size, PageCheck check) {
            long count = size / TracedLeaf.PAGE;
            if (whole || count <= SAMPLES + 2) {
                for (long page = 0; page < count; page++) {
                    check.page(first + page * TracedLeaf.PAGE);
                    progress.at(++done);
                }
                return;
            }
            check.page(first);
            for (int sample = 0; sample < SAMPLES; sample++) {
                check.page(first + random.nextLong(1, count - 1) * TracedLeaf.PAGE);
            }
            check.page(first + (count - 1) * TracedLeaf.PAGE);
            done += count;
            progress.at(done);
        }
    }
}
