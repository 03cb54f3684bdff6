package org.sluice.pgtable.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A property over a random sequence of operations. A sequence that breaks it is shrunk before it is reported. */
public final class Sequence {
    private Sequence() {}

    /** Fails with the seed and the shortest sequence found that breaks the property. */
    public static <O> void check(long seed, List<O> operations, Consumer<List<O>> property) {
        Throwable failure = failure(operations, property);
        if (failure == null) {
            return;
        }
        List<O> shrunk = operations;
        for (int part = Math.max(1, operations.size() / 2); part > 0; part /= 2) {
            for (int from = 0; from < shrunk.size(); ) {
                List<O> shorter = new ArrayList<>(shrunk.subList(0, from));
                shorter.addAll(shrunk.subList(Math.min(shrunk.size(), from + part), shrunk.size()));
                Throwable still = failure(shorter, property);
                if (still != null) {
                    shrunk = shorter;
                    failure = still;
                } else {
                    from += part;
                }
            }
        }
        throw new AssertionError("seed " + seed + ", shrunk to " + shrunk + ": " + failure, failure);
    }

    private static <O> Throwable failure(List<O> operations, Consumer<List<O>> property) {
        try {
            property.accept(operations);
            return null;
        } catch (RuntimeException | AssertionError thrown) {
            return thrown;
        }
    }
}
