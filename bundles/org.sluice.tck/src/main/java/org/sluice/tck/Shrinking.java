package org.sluice.tck;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Makes a failing sequence short. */
final class Shrinking {
    private Shrinking() {}

    /**
     * Runs a sequence; if it fails, leaves out whatever is not needed for that, and fails with seed and what is left.
     *
     * @param run what is wrong with a sequence; null when nothing is
     */
    static void check(long seed, List<Operation> sequence, Function<List<Operation>, Throwable> run) {
        Throwable failure = run.apply(sequence);
        if (failure == null) {
            return;
        }
        List<Operation> shortest = new ArrayList<>(sequence);
        for (int chunk = Math.max(1, shortest.size() / 2); chunk > 0; chunk /= 2) {
            for (int from = 0; from < shortest.size(); ) {
                List<Operation> without = new ArrayList<>(shortest);
                without.subList(from, Math.min(from + chunk, without.size())).clear();
                Throwable still = run.apply(without);
                if (still != null) {
                    failure = still;
                    shortest = without;
                } else {
                    from += chunk;
                }
            }
        }
        String steps = shortest.stream().map(Operation::toString).collect(Collectors.joining("\n  "));
        throw new AssertionError(
                String.format(
                        "seed %d (repeat with -D%s=%d) fails with\n  %s\n%s",
                        seed, SequenceCases.SEED, seed, steps, failure.getMessage()),
                failure);
    }
}
