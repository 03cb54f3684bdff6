package org.sluice.stress;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;
import org.sluice.core.gate.SwapGate;

/** A table is never recycled under an operation that found it, although it is unlinked with a release write only. */
@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "the operation found the entry empty")
@Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the operation used the table while it was one")
@Outcome(id = "2", expect = Expect.FORBIDDEN, desc = "the operation used a recycled page")
@State
public class GraceStress {
    private static final SwapGate GATE = new SwapGate();
    private static final VarHandle ENTRY;

    static {
        try {
            ENTRY = MethodHandles.lookup().findVarHandle(GraceStress.class, "entry", long[].class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private long[] entry = {1};

    @Actor
    public void walk(I_Result result) {
        long[] pin = GATE.enter();
        long[] table = (long[]) ENTRY.getOpaque(this);
        result.r1 = table == null ? 0 : (int) table[0];
        GATE.leave(pin);
    }

    @Actor
    public void free() {
        long[] table = (long[]) ENTRY.getOpaque(this);
        ENTRY.setRelease(this, null);
        if (GATE.drain(TimeUnit.SECONDS.toNanos(30))) {
            table[0] = 2;
        }
    }
}
