package org.sluice.stress;

import java.util.concurrent.TimeUnit;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.sluice.core.gate.SwapGate;

/** An operation that waited at the gate sees the new binding, whole. */
@JCStressTest
@Outcome(id = "7", expect = Expect.ACCEPTABLE, desc = "the operation worked on the new binding")
@Outcome(id = "0", expect = Expect.FORBIDDEN, desc = "the new binding was seen half made")
@Outcome(id = "-1", expect = Expect.FORBIDDEN, desc = "the gate opened, but there was no binding")
@Outcome(id = "-2", expect = Expect.FORBIDDEN, desc = "the operation was not woken")
@State
public class ParkStress {
    private static final SwapGate GATE = new SwapGate();

    private static final class Binding {
        private int content;
    }

    private volatile Binding binding;

    @Actor
    public void operation(I_Result result) {
        long[] pin = GATE.enter();
        Binding bound = binding;
        if (bound == null) {
            GATE.leave(pin);
            if (!GATE.await(() -> binding != null, TimeUnit.SECONDS.toNanos(30))) {
                result.r1 = -2;
                return;
            }
            pin = GATE.enter();
            bound = binding;
        }
        result.r1 = bound == null ? -1 : bound.content;
        GATE.leave(pin);
    }

    @Actor
    public void resume() {
        Binding next = new Binding();
        next.content = 7;
        binding = next;
        GATE.open();
    }
}
