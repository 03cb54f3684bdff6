package org.sluice.trace.internal.replay;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.sluice.api.Domain;
import org.sluice.trace.internal.books.TraceInterpreter;
import org.sluice.trace.internal.books.TracedDomain;
import org.sluice.trace.internal.capture.Capture;
import org.sluice.trace.internal.capture.ExpectedLeaf;
import org.sluice.trace.internal.capture.ExpectedMappings;
import org.sluice.trace.internal.capture.ExpectedSummary;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.machine.MachinePlan;
import org.sluice.trace.internal.machine.Stream;
import org.sluice.trace.internal.proof.Score;
import org.sluice.trace.internal.proof.WalkProof;

/** Compares the platform's tables with the books and with what the capture expects. */
final class Expectations {
    private static final String LEAF = "leaf of expected-mappings.csv";

    private final Capture capture;
    private final TraceSurvey survey;
    private final TraceInterpreter interpreter;
    private final Platform platform;
    private final Score score;
    private final Untold untold;
    private final boolean decided;
    private final Map<Integer, List<ExpectedLeaf>> rows = new HashMap<>();

    /** StreamIDs of the captured machine, which may differ from those of this one. */
    private final Map<String, Integer> capturedIds;

    /** Leaves of the walker that cannot be compared, since the trace does not tell them. */
    private long leftLeaves;

    private long leftBytes;
    private long leaves;
    private long bytes;

    Expectations(Capture capture, TraceSurvey survey, TraceInterpreter interpreter, Platform platform, Score score) {
        this.capture = capture;
        this.survey = survey;
        this.interpreter = interpreter;
        this.platform = platform;
        this.score = score;
        this.untold = new Untold(capture, survey, interpreter);
        this.capturedIds = MachinePlan.capturedStreams(survey);
        this.decided = interpreter.ambiguities().count() == 0 && survey.lost() == 0;
        capture.mappings()
                .ifPresent(all ->
                        rows.putAll(all.leaves().stream().collect(Collectors.groupingBy(ExpectedLeaf::streamId))));
    }

    /** Compares every stream; returns the live leaves by size, those of a shared domain once. */
    SortedMap<Long, Long> compare(Collection<Stream> streams) {
        SortedMap<Long, Long> sizes = new TreeMap<>();
        Set<TracedDomain> counted = new HashSet<>();
        if (!decided && capture.mappings().isPresent()) {
            score.note("expected-mappings.csv was not compared: the trace "
                    + (survey.lost() > 0 ? "lost events" : "leaves events open") + ", so its outcome is partial");
        }
        for (Stream stream : streams) {
            Optional<WalkProof> walk = stream(stream);
            Optional<TracedDomain> books = interpreter.domainOf(stream.name());
            if (walk.isPresent() && counted.add(books.orElseThrow())) {
                walk.get().sizes().forEach((size, count) -> sizes.merge(size, count, Long::sum));
            }
        }
        if (decided) {
            unknownStreams(streams);
            substreams();
            totals();
        }
        return sizes;
    }

    private Optional<WalkProof> stream(Stream stream) {
        Optional<TracedDomain> books = interpreter.domainOf(stream.name()).filter(domain -> !domain.identity());
        List<ExpectedLeaf> expected = rows.getOrDefault(capturedIds.get(stream.name()), List.of());
        Optional<Domain> domain = books.flatMap(platform::domain);
        if (domain.isEmpty()) {
            if (decided && !expected.isEmpty()) {
                score.mismatch(
                        stream, -1, 0, "leaves of expected-mappings.csv", expected.size() + " leaves", "no tables");
            }
            return Optional.empty();
        }
        WalkProof walk = platform.walk(stream, domain.get());
        walk.compare(books.get().space());
        if (decided && untold.leftUnseen(stream.name(), books.get(), expected)) {
            score.note("the group of " + stream.name() + " ended with an identity domain, and the trace does not tell"
                    + " when the device moved there: its leaves were not compared with expected-mappings.csv");
        } else if (decided) {
            compare(LEAF, walk, stream, expected);
        }
        return Optional.of(walk);
    }

    private void compare(String what, WalkProof walk, Stream stream, List<ExpectedLeaf> expected) {
        TracedDomain books = interpreter.domainOf(stream.name()).orElseThrow();
        List<ExpectedLeaf> older = untold.older(stream.name(), books, expected);
        if (!older.isEmpty()) {
            leftOut(
                    older,
                    String.format(
                            "stream 0x%x, the first at iova 0x%x: a device of the group was attached before the trace"
                                    + " began, and no event names them",
                            expected.get(0).streamId(), older.get(0).iova()));
        }
        if (capture.mappings().isPresent()) {
            walk.compare(
                    what,
                    expected.stream().filter(leaf -> !older.contains(leaf)).toList(),
                    survey.namesDomains() && platform.hasCapturedForm());
        }
        leaves += walk.leaves();
        bytes += walk.bytes();
    }

    private void unknownStreams(Collection<Stream> streams) {
        rows.keySet().stream()
                .filter(id -> !capturedIds.containsValue(id))
                .sorted()
                .forEach(id -> {
                    Optional<Stream> sharer = untold.sharer(id, streams);
                    Optional<Domain> domain = sharer.flatMap(stream -> interpreter.domainOf(stream.name()))
                            .flatMap(platform::domain);
                    if (domain.isPresent()) {
                        String what = String.format("%s, stream 0x%x, which shares its tables", LEAF, id);
                        compare(what, platform.walk(sharer.get(), domain.get()), sharer.get(), rows.get(id));
                        score.note(String.format(
                                "the trace attaches no device with stream 0x%x; it was compared with the tables of %s, which it"
                                        + " shares",
                                id, sharer.get().name()));
                    } else {
                        leftOut(
                                rows.get(id),
                                String.format("stream 0x%x: the trace attaches no device that has it", id));
                    }
                });
    }

    /** PASIDs are given by drivers, and neither tracepoints nor probes tell them. */
    private void substreams() {
        List<ExpectedLeaf> tagged =
                capture.mappings().map(ExpectedMappings::substreams).orElse(List.of());
        if (!tagged.isEmpty()) {
            leftOut(tagged, "SubstreamIDs, which no trace names");
        }
    }

    private void leftOut(List<ExpectedLeaf> out, String whose) {
        leftLeaves += out.size();
        leftBytes += out.stream().mapToLong(ExpectedLeaf::size).sum();
        score.note(out.size() + " leaves of expected-mappings.csv were not compared, those of " + whose);
    }

    private void totals() {
        capture.summary().ifPresent(expected -> {
            ExpectedSummary found = new ExpectedSummary(leaves + leftLeaves, bytes + leftBytes);
            if (!found.equals(expected)) {
                score.mismatch("totals of expected-summary.json", expected.toString(), found.toString());
            }
        });
    }
}
