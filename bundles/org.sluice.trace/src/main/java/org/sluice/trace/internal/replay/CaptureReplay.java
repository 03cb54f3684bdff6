package org.sluice.trace.internal.replay;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.sluice.api.FaultEvent;
import org.sluice.process.ProcessTable;
import org.sluice.trace.ReplayProgress;
import org.sluice.trace.ReplayReport;
import org.sluice.trace.ReplayRequest;
import org.sluice.trace.SwapReport;
import org.sluice.trace.internal.LongRanges;
import org.sluice.trace.internal.books.TraceInterpreter;
import org.sluice.trace.internal.books.TracedDomain;
import org.sluice.trace.internal.books.TracedLeaf;
import org.sluice.trace.internal.books.TracedSpace;
import org.sluice.trace.internal.capture.Capture;
import org.sluice.trace.internal.capture.TableForm;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.machine.Machine;
import org.sluice.trace.internal.machine.MachinePlan;
import org.sluice.trace.internal.machine.Stream;
import org.sluice.trace.internal.proof.BypassProof;
import org.sluice.trace.internal.proof.DirtyProof;
import org.sluice.trace.internal.proof.DmaMappingProof;
import org.sluice.trace.internal.proof.DmaProbe;
import org.sluice.trace.internal.proof.MappingProof;
import org.sluice.trace.internal.proof.PasidProof;
import org.sluice.trace.internal.proof.Score;
import org.sluice.trace.internal.proof.SharingProof;
import org.sluice.trace.internal.swap.SwapUnderLoad;
import org.sluice.trace.internal.swap.Updates;
import org.sluice.trace.internal.text.TraceReader;

/**
 * One capture on one machine: replays the first half of the events, proves PASIDs, swaps bundles, replays the rest, proves
 * the outcome. Used once, by one thread.
 */
final class CaptureReplay {
    /** Steps of a trace up to which DMA is done at every one. */
    private static final long MOST_PROBED_STEPS = 1 << 15;

    private static final String REPAIRED = "iopf.success";

    private final Capture capture;
    private final TraceSurvey survey;
    private final Machine machine;
    private final ReplayRequest request;
    private final Optional<Updates> updates;
    private final ReplayProgress progress;
    private final Score score;
    private final Map<String, Long> countedBefore;
    private final Platform platform;
    private final DmaProbe probe;
    private final MappingProof mapping;
    private final BypassProof bypass;
    private final PasidProof pasids;
    private final TraceInterpreter interpreter;
    private final SortedMap<Long, Long> leafSizes = new TreeMap<>();
    private List<SwapReport> swaps = List.of();
    private boolean middleReached;

    CaptureReplay(
            Capture capture,
            TraceSurvey survey,
            TableForm form,
            Machine machine,
            ReplayRequest request,
            Optional<Updates> updates,
            ReplayProgress progress,
            long patienceMillis) {
        this.capture = capture;
        this.survey = survey;
        this.machine = machine;
        this.request = request;
        this.updates = updates;
        this.progress = progress;
        this.score = new Score(capture.name());
        this.countedBefore = machine.counters();
        this.platform = new Platform(machine, score, form);
        this.probe = new DmaProbe(machine.board().memory(), machine.faults(), score, patienceMillis);
        this.mapping = new MappingProof(probe, platform.form(), score);
        this.bypass = new BypassProof(probe, survey.physical());
        this.pasids =
                new PasidProof(capture.name(), request.pasids(), machine.board().allocator(), probe, mapping, score);
        long stride = Math.max(1, (survey.total() + MOST_PROBED_STEPS - 1) / MOST_PROBED_STEPS);
        if (stride > 1) {
            score.note("DMA right before and after a step was done at one step in " + stride);
        }
        PlatformSteps steps = new PlatformSteps(platform, probe, score, mapping, bypass, pasids, stride, this::done);
        this.interpreter = new TraceInterpreter(survey, capture.defaults(), platform.form(), steps);
    }

    /** Runs and leaves the machine with nothing attached by this replay. */
    ReplayReport run() {
        try {
            progress.begin(capture.name(), "replaying", survey.total());
            TraceReader.read(capture.trace(), interpreter);
            if (!middleReached) {
                middle();
            }
            attachedStreams(this::establish);
            prove();
            new ArrayList<>(machine.streams().values())
                    .stream()
                            .filter(pasids::has)
                            .forEach(stream -> platform.attempt(
                                    "release of the PASIDs of " + stream.name(), () -> pasids.release(stream)));
            progress.begin(capture.name(), "sharing a process", 0);
            share();
            progress.begin(capture.name(), "dirty pages", 0);
            DirtyProof dirty = new DirtyProof(machine.iommu(), machine.board().allocator(), probe, score);
            attachedStreams(
                    (stream, domain) -> platform.attempt("dirty pages of " + stream.name(), () -> dirty.prove(stream)));
            progress.begin(capture.name(), "DMA mappings", 0);
            DmaMappingProof mappings =
                    new DmaMappingProof(machine.iommu(), machine.board().allocator(), probe, score);
            attachedStreams((stream, domain) ->
                    platform.attempt("DMA mapping for " + stream.name(), () -> mappings.prove(stream)));
        } catch (ReplayStopped stop) {
            score.mismatch("replay", "goes to its end", "stopped: " + stop.getMessage());
        }
        if (probe.elsewhere() > 0) {
            score.unsupported(probe.elsewhere()
                    + " DMA checks were left out: the trace maps places that are no memory of this machine, the first at 0x"
                    + Long.toHexString(probe.firstElsewhere()));
        }
        if (probe.unseen() > 0) {
            score.note(probe.unseen()
                    + " of the checks saw only whether a transfer completes, not its data: the trace names"
                    + " more memory than fits the heap");
        }
        unexpectedFaults();
        // Table memory is read while the domains still have their tables.
        Map<String, Long> counters = machine.counters();
        try {
            platform.closeAll();
        } catch (ReplayStopped stop) {
            score.note("closing the domains was given up: " + stop.getMessage());
        }
        probe.close();
        return new CaptureOutcome(
                        capture,
                        survey,
                        machine,
                        interpreter,
                        score,
                        leafSizes,
                        countedBefore,
                        counters,
                        pasids.reports(),
                        swaps)
                .report();
    }

    private void done(long ordinal) {
        progress.at(ordinal);
        // Not before something is attached: a swap that nobody waits for proves little.
        if (!middleReached && ordinal >= survey.total() / 2 && interpreter.hasAttached()) {
            middle();
            progress.begin(capture.name(), "replaying", survey.total());
        }
    }

    private void middle() {
        middleReached = true;
        progress.begin(capture.name(), "private PASIDs", 0);
        attachedStreams(this::establish);
        if (request.swap() && updates.isPresent()) {
            progress.begin(capture.name(), "swapping format and driver", 0);
            Map<Stream, TracedSpace> streams = new LinkedHashMap<>();
            attachedStreams((stream, domain) -> streams.put(stream, domain.space()));
            swaps = new SwapUnderLoad(capture.name(), machine, updates.get(), score)
                    .run(streams, pasids.spaces(), probe::affords);
            machine.streams().values().stream().filter(pasids::has).forEach(pasids::contents);
        }
    }

    private void establish(Stream stream, TracedDomain domain) {
        if (stream.pasidBits() == 0) {
            score.unsupported("the devices of this machine send no PASIDs: private address spaces were not shown");
            return;
        }
        if (platform.form().stage() == 2) {
            score.unsupported("domains of stage 2 have no PASIDs: private address spaces were not shown");
            return;
        }
        platform.domain(domain)
                .ifPresent(target -> platform.attempt(
                        "private PASIDs of " + stream.name(), () -> pasids.establish(stream, target, domain)));
    }

    private void share() {
        List<Stream> streams = new ArrayList<>();
        attachedStreams((stream, domain) -> streams.add(stream));
        Optional<ProcessTable> processes = machine.processes();
        if (streams.isEmpty()) {
            score.note("no device was attached: none shared a process");
        } else if (streams.stream().anyMatch(stream -> stream.pasidBits() == 0)) {
            score.unsupported("the devices of this machine send no PASIDs: no device shared a process");
        } else if (platform.form().stage() == 2) {
            score.unsupported("domains of stage 2 have no PASIDs: no device shared a process");
        } else if (processes.isEmpty()) {
            score.unsupported("no bundle offers processes: no device shared one");
        } else if (!MachinePlan.stalls(request.inject())) {
            score.note("no device shared a process: with a defect a fault may never be answered");
        } else {
            SharingProof sharing = new SharingProof(
                    machine,
                    processes.get(),
                    probe,
                    score,
                    () -> machine.counters().getOrDefault(REPAIRED, 0L));
            platform.attempt("sharing of a process", () -> sharing.prove(streams));
        }
    }

    private void prove() {
        attachedStreams((stream, domain) -> {
            LongRanges unreachable = interpreter.unreachable(stream.name());
            progress.begin(
                    capture.name(),
                    "proving stream 0x" + Integer.toHexString(stream.id()),
                    domain.space().pages() + unreachable.size() / TracedLeaf.PAGE);
            if (domain.identity()) {
                bypass.prove(stream);
            } else {
                mapping.prove(stream, domain, unreachable, progress);
            }
        });
        Expectations expectations = new Expectations(capture, survey, interpreter, platform, score);
        leafSizes.putAll(expectations.compare(machine.streams().values()));
    }

    private void unexpectedFaults() {
        long count = machine.faults().unexpectedCount();
        if (count > 0) {
            for (FaultEvent event : machine.faults().unexpected()) {
                score.mismatch(
                        "events that nothing provoked, " + count + " in all",
                        "none",
                        String.format(
                                "%s, stream 0x%x, PASID %d, iova 0x%x",
                                event.name(), event.streamId(), event.pasid(), event.iova()));
            }
        }
    }

    /** Does something for a stream and its domain. */
    @FunctionalInterface
    private interface StreamAction {
        void accept(Stream stream, TracedDomain domain);
    }

    private void attachedStreams(StreamAction action) {
        machine.streams()
                .forEach((device, stream) ->
                        interpreter.domainOf(device).ifPresent(domain -> action.accept(stream, domain)));
    }
}
