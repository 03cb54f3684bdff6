package org.sluice.trace.internal.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.sluice.trace.PasidReport;
import org.sluice.trace.ReplayReport;
import org.sluice.trace.StreamReport;
import org.sluice.trace.SwapReport;
import org.sluice.trace.internal.books.TraceInterpreter;
import org.sluice.trace.internal.books.TraceTotals;
import org.sluice.trace.internal.books.TracedDomain;
import org.sluice.trace.internal.capture.Capture;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.machine.Machine;
import org.sluice.trace.internal.machine.MachinePlan;
import org.sluice.trace.internal.machine.Stream;
import org.sluice.trace.internal.proof.Score;

/** What one capture left: makes its report. */
record CaptureOutcome(
        Capture capture,
        TraceSurvey survey,
        Machine machine,
        TraceInterpreter interpreter,
        Score score,
        SortedMap<Long, Long> leafSizes,
        Map<String, Long> countedBefore,
        Map<String, Long> counters,
        List<PasidReport> pasids,
        List<SwapReport> swaps) {
    private static final String COMMAND = "command.";
    private static final String TLB_HIT = "tlb.hit";
    /** Where the tables of the trace are of stage 2, which the model counts apart. */
    private static final String STAGE_2_TLB_HIT = "s2.tlb.hit";

    private static final String TABLE_BYTES = "tables.bytes";
    private static final long PAGE = 4096;

    /** What the core counts of faults that wait for an answer, and what the report calls it. */
    private static final Map<String, String> PAGE_FAULTS = Map.of(
            "iopf.success", "repaired",
            "iopf.invalid", "refused",
            "iopf.failure", "refused",
            "iopf.unhandled", "unclaimed");

    ReplayReport report() {
        remarks();
        TraceTotals.Sums totals = interpreter.totals().all();
        return new ReplayReport(
                List.of(capture.name()),
                new TreeMap<>(survey.events()),
                totals.maps(),
                totals.unmaps(),
                totals.bytes(),
                leafSizes,
                leafSizes.values().stream().mapToLong(Long::longValue).sum(),
                leafSizes.entrySet().stream()
                        .mapToLong(leaf -> leaf.getKey() / PAGE * leaf.getValue())
                        .sum(),
                counter(TABLE_BYTES),
                commands(),
                counter(TLB_HIT) + counter(STAGE_2_TLB_HIT),
                machine.faults().byName(),
                pageFaults(),
                machine.streams().values().stream()
                        .mapToLong(Stream::checkedCount)
                        .sum(),
                score.mismatchCount(),
                score.mismatches(),
                interpreter.ambiguities().count(),
                interpreter.ambiguities().of(capture.name()),
                survey.malformedCount(),
                survey.malformed(),
                machine.streams().values().stream().map(this::stream).toList(),
                pasids,
                swaps,
                score.shown(),
                score.notes(),
                score.unsupported());
    }

    private StreamReport stream(Stream stream) {
        Optional<TracedDomain> domain = interpreter.domainOf(stream.name());
        TraceTotals.Sums sums = interpreter.totals().of(stream.name());
        return new StreamReport(
                capture.name(),
                stream.name(),
                stream.id(),
                domain.map(books -> books.identity() ? "bypassed" : "translated")
                        .orElse("unattached"),
                sums.maps(),
                sums.unmaps(),
                sums.bytes(),
                domain.map(books -> (long) books.space().leaves().size()).orElse(0L),
                domain.map(books -> books.space().pages()).orElse(0L),
                stream.checkedCount(),
                stream.mismatchCount());
    }

    private void remarks() {
        TraceTotals totals = interpreter.totals();
        if (totals.withoutProt() > 0) {
            score.note("the trace tells no permissions: read and write were assumed for " + totals.withoutProt()
                    + " maps, permissions and descriptors were not compared");
        }
        if (totals.unmapsOfHoles() > 0) {
            score.note(totals.unmapsOfHoles() + " unmaps reach over more than the trace shows mapped");
        }
        MachinePlan.capturedStreams(survey).forEach((device, id) -> {
            Stream stream = machine.streams().get(device);
            if (stream.id() != id) {
                score.note(String.format(
                        "%s had StreamID 0x%x; on this machine, which has bus 0 only, it is 0x%x",
                        device, id, stream.id()));
            }
        });
        if (survey.missing() > 0) {
            score.note("the head of the trace counts " + survey.missing()
                    + " events that are not in it or cannot be read: the file breaks off, was damaged or filtered");
        }
        if (survey.lost() > survey.missing()) {
            score.note("the kernel's buffer lost " + (survey.lost() - survey.missing())
                    + " events: what they mapped is not replayed");
        }
        if (survey.hasBothForms()) {
            score.note("the trace has tracepoints and probes: the probes were replayed, since they name domains");
        }
        if (!capture.defaults().known()) {
            score.note("nothing tells the type of default domains: all were taken as translating");
        }
        for (String device : MachinePlan.withoutRequesterId(survey.devices().keySet())) {
            score.note("the name of " + device + " tells no StreamID: it got a free one");
        }
        if (!counters.containsKey(TLB_HIT)) {
            score.unsupported("this machine counts neither TLB hits nor commands: both are 0 in the report");
        }
        List<TracedDomain> left = new ArrayList<>(interpreter.domains());
        left.removeIf(
                domain -> !domain.devices().isEmpty() || domain.space().leaves().isEmpty());
        for (TracedDomain domain : left) {
            score.note(domain + " has " + domain.space().leaves().size()
                    + " live mappings and no device at the end: they are not counted and no DMA can show them");
        }
    }

    private long counter(String name) {
        return counters.getOrDefault(name, 0L);
    }

    /** The core counts them for all IOMMUs together, and since it began. */
    private SortedMap<String, Long> pageFaults() {
        SortedMap<String, Long> faults = new TreeMap<>();
        PAGE_FAULTS.forEach((counter, name) -> {
            long count = counter(counter) - countedBefore.getOrDefault(counter, 0L);
            if (count != 0) {
                faults.merge(name, count, Long::sum);
            }
        });
        return faults;
    }

    private SortedMap<String, Long> commands() {
        SortedMap<String, Long> commands = new TreeMap<>();
        counters.forEach((name, value) -> {
            if (name.startsWith(COMMAND)) {
                commands.put(name.substring(COMMAND.length()), value);
            }
        });
        return commands;
    }
}
