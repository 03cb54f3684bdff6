package org.sluice.core.unit;

import java.util.ArrayDeque;
import java.util.Deque;

/** What takes back the steps of something that failed, the last step first. Used once, by one thread. */
final class Undo {
    private final Deque<Runnable> steps = new ArrayDeque<>();

    void push(Runnable step) {
        steps.push(step);
    }

    /** Takes everything back; what fails then is added to the reason and the rest goes on. */
    void run(RuntimeException reason) {
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (RuntimeException again) {
                reason.addSuppressed(again);
            }
        }
    }
}
