package org.sluice.stress;

import java.util.concurrent.TimeUnit;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.sluice.core.gate.SwapGate;

/** Leaving an inner operation does not end the outer one. */
@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "the operation came after the binding was taken away")
@Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the drain waited for the outer operation")
@Outcome(id = "2", expect = Expect.FORBIDDEN, desc = "the drain returned after the inner operation left")
@State
public class NestedStress {
    private static final SwapGate GATE = new SwapGate();

    private volatile boolean bound = true;
    private boolean gone;

    @Actor
    public void operation(I_Result result) {
        long[] outer = GATE.enter();
        boolean mine = bound;
        GATE.leave(GATE.enter());
        result.r1 = !mine ? 0 : gone ? 2 : 1;
        GATE.leave(outer);
    }

    @Actor
    public void swap() {
        bound = false;
        gone = GATE.drain(TimeUnit.SECONDS.toNanos(30));
    }
}
