package org.sluice.core.fault;

import java.util.ArrayList;
import java.util.List;
import org.sluice.core.gate.SwapGate;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.PageResponseOperations;

/**
 * The way of answers to the hardware. While the driver is being exchanged, answers are kept and given by its successor: what a
 * device waits for is not lost with the bundle that reported it. Any thread may call it.
 */
final class Responder {
    private static final System.Logger LOG = System.getLogger("org.sluice.core");

    private record Owed(PageRequest request, PageResponse response) {}

    private final SwapGate gate;
    private volatile PageResponseOperations operations;
    private List<Owed> owed = new ArrayList<>(); // guarded by this

    Responder(SwapGate gate) {
        this.gate = gate;
    }

    /** Whether the driver that is there now can answer. */
    boolean isAble() {
        return operations != null;
    }

    /** Takes or leaves the driver's object. Whoever lets it go drains the gate before the object is used for the last time. */
    void serve(PageResponseOperations next) {
        operations = next;
        if (next != null) {
            pay();
        }
    }

    void answer(PageRequest request, PageResponse response) {
        synchronized (this) {
            owed.add(new Owed(request, response));
        }
        pay();
    }

    /** Forgets what is owed: the hardware is off. */
    synchronized void forget() {
        owed.clear();
    }

    private void pay() {
        long[] pin = gate.enter();
        try {
            PageResponseOperations now = operations;
            if (now != null) {
                for (Owed one : takeOwed()) {
                    give(now, one);
                }
            }
        } finally {
            gate.leave(pin);
        }
    }

    private static void give(PageResponseOperations now, Owed one) {
        try {
            now.respond(one.request(), one.response());
        } catch (RuntimeException failed) {
            LOG.log(
                    System.Logger.Level.ERROR,
                    "the answer {0} to group {1} did not reach the hardware: {2}",
                    one.response(),
                    one.request().group(),
                    failed.toString());
        }
    }

    private synchronized List<Owed> takeOwed() {
        List<Owed> all = owed;
        if (!all.isEmpty()) {
            owed = new ArrayList<>();
        }
        return all;
    }
}
