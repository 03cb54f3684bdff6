package org.sluice.stress;

import java.util.concurrent.TimeUnit;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.sluice.core.gate.SwapGate;

/** An operation that read the old binding is over before the drain returns. */
@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "the operation came after the binding was taken away")
@Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the operation worked on the binding, the drain waited")
@Outcome(id = "2", expect = Expect.FORBIDDEN, desc = "the drain returned while the operation was inside")
@Outcome(id = "3", expect = Expect.FORBIDDEN, desc = "the drain gave up")
@State
public class DrainStress {
    private static final SwapGate GATE = new SwapGate();
    private static final Object OLD = new Object();

    private volatile Object binding = OLD;
    private boolean gone;
    private boolean gaveUp;

    @Actor
    public void operation(I_Result result) {
        long[] pin = GATE.enter();
        Object bound = binding;
        result.r1 = bound == null ? 0 : gone ? 2 : 1;
        GATE.leave(pin);
        if (gaveUp) {
            result.r1 = 3;
        }
    }

    @Actor
    public void swap() {
        binding = null;
        gaveUp = !GATE.drain(TimeUnit.SECONDS.toNanos(30));
        gone = true;
    }
}
