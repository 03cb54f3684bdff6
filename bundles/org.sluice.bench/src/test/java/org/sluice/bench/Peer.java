package org.sluice.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * Lets the C program run its case before each iteration of the Java one, so that both meet the same weather: C and Java in
 * turn. Its nanoseconds travel as a secondary result of the iteration.
 */
public final class Peer implements InternalProfiler {
    /** Label of the secondary result. */
    static final String NANOS = "peer";

    private final String peerCase;
    private final Writer requests;
    private final BufferedReader answers;
    private double nanos;

    /**
     * Starts the C program; it ends with this JVM, whose pipe it reads.
     *
     * @param settings path of the program and name of the case, with a blank between
     */
    public Peer(String settings) throws IOException {
        String[] parts = settings.split(" ");
        peerCase = parts[1];
        Process program = new ProcessBuilder(parts[0])
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        requests = program.outputWriter(StandardCharsets.US_ASCII);
        answers = new BufferedReader(new InputStreamReader(program.getInputStream(), StandardCharsets.US_ASCII));
    }

    @Override
    public String getDescription() {
        return "the same case in C, in turn";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        try {
            requests.write(peerCase + "\n");
            requests.flush();
            String answer = answers.readLine();
            if (answer == null || answer.startsWith("no case")) {
                throw new IllegalStateException("the C program answers " + peerCase + " with: " + answer);
            }
            nanos = Double.parseDouble(answer);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        return List.of(new ScalarResult(NANOS, nanos, "ns", AggregationPolicy.AVG));
    }
}
