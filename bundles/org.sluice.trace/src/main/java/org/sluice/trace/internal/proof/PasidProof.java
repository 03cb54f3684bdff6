package org.sluice.trace.internal.proof;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sluice.api.Domain;
import org.sluice.api.IoMm;
import org.sluice.api.Prot;
import org.sluice.api.SpaceRevokedException;
import org.sluice.api.SvaParameters;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.trace.PasidReport;
import org.sluice.trace.internal.books.TracedDomain;
import org.sluice.trace.internal.books.TracedLeaf;
import org.sluice.trace.internal.machine.Stream;

/**
 * Private PASIDs: several address spaces on a stream map the same IOVA to different pages, and DMA with each PASID reaches
 * only its own, while untagged traffic stays as it was. The spaces stay until they are released.
 *
 * <p>Each stream has a PASID range of its own, with room for one more than it needs: after one was freed, the allocator
 * must go round to hand out all, and the freed PASID comes back last.
 */
public final class PasidProof {
    private static final long PAGE = PasidSpace.PAGE;
    private static final long LOW_GIB = 0x4000_0000L;
    private static final long HIGH_GIB = 0x8000_0000L;
    private static final long DEFAULT_IOVA = 0x1000_0000L;

    private final String capture;
    private final int count;
    private final PageAllocator pages;
    private final DmaProbe probe;
    private final MappingProof mapping;
    private final Score score;
    private final Map<Stream, Spaces> sets = new LinkedHashMap<>();
    private final Map<Stream, Integer> firstPasids = new LinkedHashMap<>();
    private final List<PasidReport> reports = new ArrayList<>();

    /** The spaces of one stream. */
    private static final class Spaces {
        private final Domain domain;
        private final TracedDomain books;
        private final List<PasidSpace> spaces = new ArrayList<>();
        private final Set<Integer> allocated = new LinkedHashSet<>();
        private final List<String> outcomes = new ArrayList<>();

        Spaces(Domain domain, TracedDomain books) {
            this.domain = domain;
            this.books = books;
        }
    }

    /**
     * A proof without spaces.
     *
     * @param capture name of the capture
     * @param count spaces on each stream, at least 2
     * @param pages where pages for them come from
     * @param probe does the DMA
     * @param mapping proof of untagged traffic
     * @param score takes mismatches
     */
    public PasidProof(
            String capture, int count, PageAllocator pages, DmaProbe probe, MappingProof mapping, Score score) {
        this.capture = capture;
        this.count = count;
        this.pages = pages;
        this.probe = probe;
        this.mapping = mapping;
        this.score = score;
    }

    /**
     * Allocates spaces on a stream that has none, and proves them.
     *
     * @param stream attached to the domain
     * @param domain the platform's domain
     * @param books what the trace says of it
     */
    public void establish(Stream stream, Domain domain, TracedDomain books) {
        if (sets.containsKey(stream)) {
            return;
        }
        int first = firstPasids.computeIfAbsent(stream, key -> 1 + firstPasids.size() * (count + 1));
        stream.device().initSva(new SvaParameters(first, first + count));
        Spaces set = new Spaces(domain, books);
        sets.put(stream, set);
        for (int index = 0; index < count; index++) {
            set.spaces.add(allocate(stream, set));
        }
        long before = stream.mismatchCount();
        contents(stream);
        untagged(stream, set);
        shown(
                stream,
                set,
                before,
                count + " PASIDs map the same IOVA, each reaches only its own page; untagged traffic is as before");
        isolation(stream, set);
        freeAndReuse(stream, set);
    }

    /**
     * Whether a stream has spaces.
     *
     * @param stream the stream
     * @return true between establish and release
     */
    public boolean has(Stream stream) {
        return sets.containsKey(stream);
    }

    /**
     * Every space that is alive.
     *
     * @return a snapshot
     */
    public List<PasidSpace> spaces() {
        return sets.values().stream().flatMap(set -> set.spaces.stream()).toList();
    }

    /**
     * Checks the contents of every space of a stream.
     *
     * @param stream the stream
     */
    public void contents(Stream stream) {
        for (PasidSpace space : sets.get(stream).spaces) {
            reaches(space, space.iova(), space.page());
            reaches(space, space.scratchIova(), space.scratchPage());
        }
    }

    /**
     * Checks contents once more, and frees every space of a stream.
     *
     * @param stream the stream
     */
    public void release(Stream stream) {
        contents(stream);
        Spaces set = sets.remove(stream);
        for (PasidSpace space : set.spaces) {
            free(set, space);
        }
        stream.device().shutdownSva();
        set.outcomes.add("all were freed");
        reports.add(new PasidReport(
                capture,
                stream.name(),
                stream.id(),
                set.books.identity() ? "bypassed" : "translated",
                List.copyOf(set.allocated),
                set.outcomes));
    }

    /**
     * What was proved on the streams that were released.
     *
     * @return a report per stream
     */
    public List<PasidReport> reports() {
        return List.copyOf(reports);
    }

    private PasidSpace allocate(Stream stream, Spaces set) {
        IoMm ioMm = set.domain.allocPasid(stream.device());
        long iova = commonIova(set.books);
        long scratch = (iova & -LOW_GIB) == LOW_GIB ? HIGH_GIB : LOW_GIB;
        PasidSpace space =
                new PasidSpace(stream, ioMm, iova, pages.allocate(PAGE, PAGE), scratch, pages.allocate(PAGE, PAGE));
        boolean taken = set.spaces.stream().anyMatch(other -> other.pasid() == space.pasid());
        int first = firstPasids.get(stream);
        if (taken || space.pasid() < first || space.pasid() > first + count) {
            score.mismatch(
                    stream,
                    space.pasid(),
                    0,
                    "PASID that was handed out",
                    "a free one of [" + first + ", " + (first + count) + "]",
                    taken ? "one that is in use" : "one outside");
        }
        set.allocated.add(space.pasid());
        ioMm.map(iova, space.page(), PAGE, Prot.READ | Prot.WRITE);
        ioMm.map(scratch, space.scratchPage(), PAGE, Prot.READ | Prot.WRITE);
        return space;
    }

    /** An IOVA that untagged traffic uses too, if there is one: that is where contexts would be mixed up. */
    private static long commonIova(TracedDomain books) {
        return books.space().leaves().stream().findFirst().map(TracedLeaf::iova).orElse(DEFAULT_IOVA);
    }

    private void untagged(Stream stream, Spaces set) {
        Optional<TracedLeaf> live = set.books.space().leaves().stream().findFirst();
        if (set.books.identity()) {
            long address = set.spaces.get(0).page();
            probe.reads(stream, Dma.NO_PASID, address, address, "untagged read of a bypassed stream beside PASIDs");
            probe.writes(stream, Dma.NO_PASID, address, address, "untagged write of a bypassed stream beside PASIDs");
        } else if (live.isPresent()) {
            mapping.live(stream, live.get(), live.get().iova());
        } else {
            probe.faults(stream, Dma.NO_PASID, DEFAULT_IOVA, "untagged read of an empty domain beside PASIDs");
        }
    }

    private void isolation(Stream stream, Spaces set) {
        long before = stream.mismatchCount();
        PasidSpace victim = set.spaces.get(0);
        long unmapped = victim.ioMm().unmap(victim.scratchIova(), PAGE);
        if (unmapped != PAGE) {
            score.mismatch(
                    victim.stream(), victim.pasid(), victim.scratchIova(), "unmap in an io_mm", "4096", "" + unmapped);
        }
        probe.faults(victim.stream(), victim.pasid(), victim.scratchIova(), "read of what one io_mm unmapped");
        for (PasidSpace other : set.spaces.subList(1, set.spaces.size())) {
            reaches(other, other.scratchIova(), other.scratchPage());
        }
        victim.ioMm().map(victim.scratchIova(), victim.scratchPage(), PAGE, Prot.READ | Prot.WRITE);
        reaches(victim, victim.scratchIova(), victim.scratchPage());
        shown(stream, set, before, "an unmap in one left the others as they were");
    }

    private void freeAndReuse(Stream stream, Spaces set) {
        long before = stream.mismatchCount();
        PasidSpace victim = set.spaces.remove(1);
        reaches(victim, victim.iova(), victim.page());
        free(set, victim);
        probe.refusesPasid(stream, victim.pasid(), victim.iova(), "read with a PASID that was freed");
        revoked(victim);
        contents(stream);
        PasidSpace next = allocate(stream, set);
        set.spaces.add(next);
        PasidSpace again = allocate(stream, set);
        set.spaces.add(again);
        if (again.pasid() != victim.pasid()) {
            score.mismatch(
                    stream,
                    again.pasid(),
                    0,
                    "PASID that is handed out when the range went round",
                    "the freed one, " + victim.pasid(),
                    "" + again.pasid());
        }
        contents(stream);
        untagged(stream, set);
        shown(
                stream,
                set,
                before,
                "PASID " + victim.pasid()
                        + " was freed: its DMA aborted with an event; handed out again, it reached its new page only");
    }

    /** Says that something was shown, or that it was not. */
    private static void shown(Stream stream, Spaces set, long mismatchesBefore, String outcome) {
        set.outcomes.add(
                stream.mismatchCount() == mismatchesBefore ? outcome : "not shown, see mismatches: " + outcome);
    }

    private void revoked(PasidSpace space) {
        try {
            space.ioMm().map(space.iova(), space.scratchPage(), PAGE, Prot.READ);
            score.mismatch(
                    space.stream(), space.pasid(), space.iova(), "map in an io_mm that was freed", "refused", "mapped");
        } catch (SpaceRevokedException refused) {
            long unmapped = space.ioMm().unmap(space.iova(), PAGE);
            if (unmapped != 0) {
                score.mismatch(
                        space.stream(),
                        space.pasid(),
                        space.iova(),
                        "unmap in an io_mm that was freed",
                        "0",
                        "" + unmapped);
            }
        }
    }

    private void reaches(PasidSpace space, long iova, long page) {
        probe.reads(space.stream(), space.pasid(), iova, page, "read with a PASID");
        probe.writes(space.stream(), space.pasid(), iova, page, "write with a PASID");
    }

    private void free(Spaces set, PasidSpace space) {
        set.domain.freePasid(space.ioMm());
        pages.free(space.page(), PAGE);
        pages.free(space.scratchPage(), PAGE);
    }
}
