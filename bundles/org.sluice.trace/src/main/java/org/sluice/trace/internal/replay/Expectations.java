package org.sluice.trace.internal.replay;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.sluice.api.Domain;
import org.sluice.trace.internal.books.TraceInterpreter;
import org.sluice.trace.internal.books.TracedDomain;
import org.sluice.trace.internal.capture.Capture;
import org.sluice.trace.internal.capture.ExpectedLeaf;
import org.sluice.trace.internal.capture.ExpectedSummary;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.machine.Stream;
import org.sluice.trace.internal.proof.Score;
import org.sluice.trace.internal.proof.WalkProof;

/** Compares the platform's tables with the books and with what the capture expects. */
final class Expectations {
    private final Capture capture;
    private final TraceSurvey survey;
    private final TraceInterpreter interpreter;
    private final Platform platform;
    private final Score score;

    Expectations(Capture capture, TraceSurvey survey, TraceInterpreter interpreter, Platform platform, Score score) {
        this.capture = capture;
        this.survey = survey;
        this.interpreter = interpreter;
        this.platform = platform;
        this.score = score;
    }

    /** Compares every stream; returns the live leaves by size, those of a shared domain once. */
    SortedMap<Long, Long> compare(Collection<Stream> streams) {
        SortedMap<Long, Long> sizes = new TreeMap<>();
        Set<TracedDomain> counted = new HashSet<>();
        boolean decided = interpreter.ambiguities().count() == 0;
        if (!decided && capture.mappings().isPresent()) {
            score.note(
                    "expected-mappings.csv was not compared: the trace leaves events open, so its outcome is partial");
        }
        long leaves = 0;
        long bytes = 0;
        for (Stream stream : streams) {
            Optional<TracedDomain> books = interpreter.domainOf(stream.name()).filter(domain -> !domain.identity());
            List<ExpectedLeaf> expected = capture.mappings()
                    .map(all -> all.leaves().stream()
                            .filter(leaf -> leaf.streamId() == stream.id())
                            .toList())
                    .orElse(List.of());
            Optional<Domain> domain = books.flatMap(platform::domain);
            if (domain.isPresent()) {
                WalkProof walk = new WalkProof(stream, domain.get().space(), score);
                walk.compare(books.get().space());
                if (decided && capture.mappings().isPresent()) {
                    walk.compare(expected, survey.namesDomains());
                }
                if (counted.add(books.get())) {
                    walk.sizes().forEach((size, count) -> sizes.merge(size, count, Long::sum));
                }
                leaves += walk.leaves();
                bytes += walk.bytes();
            } else if (decided && !expected.isEmpty()) {
                score.mismatch(
                        stream, -1, 0, "leaves of expected-mappings.csv", expected.size() + " leaves", "no tables");
            }
        }
        if (decided) {
            unknownStreams(streams);
            totals(leaves, bytes);
        }
        return sizes;
    }

    private void unknownStreams(Collection<Stream> streams) {
        Set<Integer> known = new HashSet<>();
        streams.forEach(stream -> known.add(stream.id()));
        capture.mappings()
                .ifPresent(all -> all.leaves().stream()
                        .map(ExpectedLeaf::streamId)
                        .filter(id -> !known.contains(id))
                        .distinct()
                        .forEach(id -> score.mismatch(
                                String.format("stream 0x%x of expected-mappings.csv", id),
                                "in the trace",
                                "not there")));
    }

    private void totals(long leaves, long bytes) {
        capture.summary().ifPresent(expected -> {
            ExpectedSummary found = new ExpectedSummary(leaves, bytes);
            if (!found.equals(expected)) {
                score.mismatch("totals of expected-summary.json", expected.toString(), found.toString());
            }
        });
    }
}
