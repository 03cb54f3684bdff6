package org.sluice.bench;

import java.util.Arrays;
import java.util.Collection;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * What one case took.
 *
 * @param nanos median over all samples of Java, ns per operation
 * @param peerNanos median over the rounds of C, ns per operation; NaN without a peer
 * @param bytes allocated on the Java heap per operation
 */
record Measured(double nanos, double peerNanos, double bytes) {
    private static final String READER = "reader";

    /**
     * From samples that each are an invocation.
     *
     * @param operations in an invocation
     */
    static Measured of(Collection<RunResult> runs, int operations, double bytes) {
        RunResult run = runs.iterator().next();
        // of a group only the thread that is asked about
        Result<?> samples = run.getSecondaryResults().getOrDefault(READER, run.getPrimaryResult());
        double[] peer = run.getBenchmarkResults().stream()
                .flatMap((BenchmarkResult fork) -> fork.getIterationResults().stream())
                .map((IterationResult round) -> round.getSecondaryResults().get(Peer.NANOS))
                .filter(nanos -> nanos != null)
                .mapToDouble(Result::getScore)
                .toArray();
        return new Measured(samples.getStatistics().getPercentile(50) / operations, median(peer), bytes);
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values.length == 0 ? Double.NaN : values[values.length / 2];
    }
}
