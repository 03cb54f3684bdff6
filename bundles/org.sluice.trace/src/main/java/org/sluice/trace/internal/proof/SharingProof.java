package org.sluice.trace.internal.proof;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;
import org.sluice.api.SvaParameters;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;
import org.sluice.process.ProcessTable;
import org.sluice.trace.internal.machine.Machine;
import org.sluice.trace.internal.machine.Stream;

/**
 * Shared address spaces: the traced devices are bound to one process and use its addresses. Pages come when a device touches
 * them, a device's write breaks copy-on-write, what the process may not do the devices may not either, an unbind ends the
 * use of a device that faults at that moment, and the end of the process that of all others.
 */
public final class SharingProof {
    private static final long PAGE = Process.PAGE;
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final long BASE = 0x7f00_0000_0000L;

    /** Each stream has an area of this size, and the areas lie so far apart. */
    private static final int PAGES = 8;

    private static final long APART = 1L << 21;
    private static final long RUSH = BASE - (1L << 30);
    private static final int RUSH_PAGES = 256;
    private static final int RUSH_TOUCHED = 8;
    private static final long PATIENCE_MILLIS = 20_000;

    private final Machine machine;
    private final ProcessTable processes;
    private final DmaProbe probe;
    private final Score score;
    private final LongSupplier repaired;
    private final AtomicInteger exits = new AtomicInteger();
    private int arrivals;
    private int copies;
    private int refusals;

    /** A stream that is bound, with an area of its own in the process. */
    private record Bound(Stream stream, SvaBond bond, long base) {
        long page(int index) {
            return base + index * PAGE;
        }
    }

    /**
     * A proof that has started nothing.
     *
     * @param machine the machine
     * @param processes processes in its memory
     * @param probe does the DMA that must fault
     * @param score takes mismatches and what was shown
     * @param repaired counts the page faults that were repaired since the machine came up
     */
    public SharingProof(Machine machine, ProcessTable processes, DmaProbe probe, Score score, LongSupplier repaired) {
        this.machine = machine;
        this.processes = processes;
        this.probe = probe;
        this.score = score;
        this.repaired = repaired;
    }

    /**
     * Binds the streams to a process, proves it, and leaves neither.
     *
     * @param streams at least one; no PASIDs are allocated on them
     */
    public void prove(List<Stream> streams) {
        long before = score.mismatchCount();
        Process process = processes.start(ProcessRequest.on(machine.board().name()));
        List<Stream> prepared = new ArrayList<>();
        try (ProcessDma dma = new ProcessDma(score, PATIENCE_MILLIS)) {
            for (Stream stream : streams) {
                stream.device().initSva(SvaParameters.any().with(SvaFeature.IO_PAGE_FAULTS));
                prepared.add(stream);
            }
            run(streams, process, dma);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new IommuException(Errno.EBUSY, "interrupted while devices shared " + process);
        } finally {
            process.exit();
            prepared.forEach(stream -> stream.device().shutdownSva());
        }
        if (score.mismatchCount() == before) {
            say(streams.size());
        }
    }

    private void say(int devices) {
        score.shown(String.format(
                "SVA: %d devices shared a process: %d pages came on demand, %d were copied on a device's write, %d"
                        + " accesses beyond areas or rights aborted",
                devices, arrivals, copies, refusals));
        score.shown("SVA: an unbind cut off a device that was faulting, the process's exit the others");
    }

    private void run(List<Stream> streams, Process process, ProcessDma dma) throws InterruptedException {
        List<Bound> bounds = new ArrayList<>();
        for (Stream stream : streams) {
            long base = BASE + bounds.size() * APART;
            process.mmap(base, PAGES * PAGE, RW);
            bounds.add(new Bound(stream, bind(stream, process), base));
        }
        samePasid(bounds);
        long already = repaired.getAsLong();
        bounds.forEach(bound -> demand(bound, process, dma));
        bounds.forEach(bound -> copyOnWrite(bound, process, dma));
        long faults = repaired.getAsLong() - already;
        if (faults < arrivals + copies) {
            score.mismatch(
                    "page faults of a shared process",
                    "at least " + (arrivals + copies) + " are repaired",
                    faults + " were");
        }
        bounds.forEach(bound -> rights(bound, process, dma));
        Bound first = unbind(bounds.get(0), process, dma);
        bounds.set(0, first);
        for (Bound other : bounds) {
            byte[] bytes = dma.writes(other.stream(), other.bond(), other.page(0), "write after another's unbind");
            dma.sees(process, other.stream(), other.bond(), other.page(0), bytes, "CPU's view of that");
        }
        exit(bounds, process);
    }

    private SvaBond bind(Stream stream, Process process) {
        SvaBond bond = machine.iommu().bind(stream.device(), process.number());
        bond.onExit(exits::incrementAndGet);
        return bond;
    }

    private void samePasid(List<Bound> bounds) {
        int pasid = bounds.get(0).bond().pasid();
        for (Bound bound : bounds) {
            if (bound.bond().pasid() != pasid) {
                score.mismatch(
                        bound.stream(),
                        bound.bond().pasid(),
                        0,
                        "PASID of a process",
                        pasid + " on every device",
                        "" + bound.bond().pasid());
            }
        }
    }

    /** Nothing is there at first; what either side writes the other one reads. */
    private void demand(Bound bound, Process process, ProcessDma dma) {
        Stream stream = bound.stream();
        SvaBond bond = bound.bond();
        int resident = process.residentPages();
        long across = bound.page(1) - Pattern.BYTES / 2;
        byte[] bytes = dma.writes(stream, bond, across, "write across two pages that are not there");
        dma.sees(process, stream, bond, across, bytes, "CPU's view of what a device wrote");
        dma.readsZeros(stream, bond, bound.page(2), "read of a page that is not there");
        byte[] ours = dma.fresh(bound.page(3));
        process.write(bound.page(3), ours, 0, ours.length);
        dma.reads(stream, bond, bound.page(3), ours, "read of what the CPU wrote");
        int came = process.residentPages() - resident;
        if (came != 4) {
            score.mismatch(stream, bond.pasid(), bound.base(), "pages that came on demand", "4", "" + came);
        }
        arrivals += 3;
    }

    /** After a fork both see the old bytes, until one of them writes. */
    private void copyOnWrite(Bound bound, Process process, ProcessDma dma) {
        Stream stream = bound.stream();
        SvaBond bond = bound.bond();
        byte[] old = dma.writes(stream, bond, bound.page(2), "write before a fork");
        Process child = process.fork();
        try {
            dma.reads(stream, bond, bound.page(2), old, "read of a page that is shared with a child");
            byte[] bytes = dma.writes(stream, bond, bound.page(2), "write to a page that is shared with a child");
            dma.sees(process, stream, bond, bound.page(2), bytes, "CPU's view of the copy");
            dma.sees(child, stream, bond, bound.page(2), old, "child's view of its page");
            byte[] childs = dma.fresh(bound.page(3));
            byte[] parents = new byte[Pattern.BYTES];
            process.read(bound.page(3), parents, 0, parents.length);
            child.write(bound.page(3), childs, 0, childs.length);
            dma.reads(stream, bond, bound.page(3), parents, "read after a child wrote its copy");
            copies++;
        } finally {
            child.exit();
        }
        byte[] bytes = dma.writes(stream, bond, bound.page(3), "write to a page whose other owner has exited");
        dma.sees(process, stream, bond, bound.page(3), bytes, "CPU's view of that");
    }

    /** What the process may not do aborts, with a record, and changes nothing. */
    private void rights(Bound bound, Process process, ProcessDma dma) {
        Stream stream = bound.stream();
        SvaBond bond = bound.bond();
        long sealed = bound.page(0);
        byte[] content = dma.writes(stream, bond, sealed, "write before the rights change");
        process.mprotect(sealed, PAGE, Prot.READ);
        dma.reads(stream, bond, sealed, content, "read of a page that became read-only");
        long frame = process.addressSpace().translate(sealed);
        probe.refusesWrite(stream, bond.pasid(), sealed, frame, "write to a page that became read-only");
        process.mprotect(sealed, PAGE, RW);
        dma.writes(stream, bond, sealed, "write to a page that became writable again");
        process.munmap(bound.page(PAGES - 1), PAGE);
        probe.faults(stream, bond.pasid(), bound.page(PAGES - 1), "read of an area that was unmapped");
        probe.faults(stream, bond.pasid(), bound.page(PAGES), "read outside of every area");
        refusals += 3;
    }

    /**
     * Unbinds a device while it faults: once that returned it writes no more. Binds it again.
     *
     * @return the new bond
     */
    private Bound unbind(Bound bound, Process process, ProcessDma dma) throws InterruptedException {
        Stream stream = bound.stream();
        int pasid = bound.bond().pasid();
        process.mmap(RUSH, RUSH_PAGES * PAGE, RW);
        machine.faults().tolerate(stream.id(), pasid, 0);
        for (int page = 0; page < RUSH_PAGES; page++) {
            machine.faults().tolerate(stream.id(), pasid, RUSH + page * PAGE);
        }
        TouchingDevice device = new TouchingDevice(stream, bound.bond(), RUSH, RUSH_PAGES);
        if (!device.start(RUSH_TOUCHED, PATIENCE_MILLIS)) {
            score.mismatch(stream, pasid, RUSH, "device that faults", "goes on", "stopped: " + device.failure());
        }
        bound.bond().close();
        byte[] ours = dma.fresh(RUSH);
        for (int page = 0; page < RUSH_PAGES; page++) {
            process.write(RUSH + page * PAGE, ours, 0, ours.length);
        }
        if (!device.wasCutOff(PATIENCE_MILLIS)) {
            score.mismatch(stream, pasid, RUSH, "write of a device that was unbound", "aborts", "it did not");
        }
        for (int page = 0; page < RUSH_PAGES; page++) {
            dma.sees(process, stream, bound.bond(), RUSH + page * PAGE, ours, "page after the unbind returned");
        }
        probe.refusesPasid(stream, pasid, bound.page(0), "read after the unbind");
        return new Bound(stream, bind(stream, process), bound.base());
    }

    private void exit(List<Bound> bounds, Process process) {
        process.exit();
        for (Bound bound : bounds) {
            int pasid = bound.bond().pasid();
            if (bound.bond().isLive()) {
                score.mismatch(bound.stream(), pasid, 0, "bond after the process's exit", "ended", "live");
            }
            probe.refusesPasid(bound.stream(), pasid, bound.page(0), "read after the process's exit");
        }
        if (exits.get() != bounds.size()) {
            score.mismatch("clients that were told of the exit", bounds.size() + "", exits.get() + "");
        }
    }
}
