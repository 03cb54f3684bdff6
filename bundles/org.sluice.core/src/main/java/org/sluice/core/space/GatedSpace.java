package org.sluice.core.space;

import org.sluice.api.ProviderMissingException;
import org.sluice.api.SpaceRevokedException;
import org.sluice.api.SpaceState;
import org.sluice.core.gate.SwapGate;

/**
 * What a space works on at the moment, and waiting at the gate while that is missing. A class above {@link Space} and not a part
 * of it, so that a map finds the binding in the same object.
 *
 * <p>Any thread may ask; what changes it is called by {@link SpaceLedger} and its sides, under the lock of the board.
 */
abstract class GatedSpace {
    final String name;
    final Commons commons;
    final SwapGate gate;

    private volatile Binding binding;
    private volatile Hold hold;
    private volatile SpaceState state = SpaceState.PREPARED;
    private volatile String revokedBecause = "";

    GatedSpace(String name, Commons commons) {
        this.name = name;
        this.commons = commons;
        this.gate = commons.gate();
    }

    /**
     * Name for messages.
     *
     * @return e.g. {@code domain 3}
     */
    public final String name() {
        return name;
    }

    /**
     * Where it is in its life.
     *
     * @return the state
     */
    public final SpaceState state() {
        return state;
    }

    final Commons commons() {
        return commons;
    }

    /**
     * The binding, for what cannot do without; inside the gate.
     *
     * @throws SpaceRevokedException the space was taken away
     * @throws ProviderMissingException nobody came in time
     */
    final Binding bound(long[] pin) {
        Binding bound = boundOrNull(pin);
        if (bound == null) {
            if (isRevoked()) {
                throw new SpaceRevokedException(name + " was taken away: " + revokedBecause);
            }
            throw missing("nothing was mapped, what was mapped before stays");
        }
        return bound;
    }

    /** The binding; waits at the gate while there is none. The pin is held again when this returns, with or without. */
    final Binding boundOrNull(long[] pin) {
        Binding bound = binding;
        return bound != null ? bound : awaitBinding(pin);
    }

    private Binding awaitBinding(long[] pin) {
        if (pin == null || isRevoked()) {
            // An outer operation holds the pin: waiting would keep the drain from ending.
            return null;
        }
        Hold closed = hold;
        if (closed != null) {
            closed.park();
        }
        long deadline = System.nanoTime() + commons.gateTimeoutNanos();
        Binding bound;
        boolean waiting;
        do {
            gate.leave(pin);
            waiting = gate.await(() -> binding != null || isRevoked(), deadline - System.nanoTime());
            gate.enter();
            bound = binding;
        } while (bound == null && waiting && !isRevoked());
        return bound;
    }

    final ProviderMissingException missing(String consequence) {
        Hold closed = hold;
        String what = closed == null ? "the provider of " + name : closed.missing();
        String why = closed == null ? "it is being exchanged" : closed.cause();
        return new ProviderMissingException(
                what,
                String.format(
                        "%s; waited up to %d ms at the gate for a bundle that offers it; in %s %s, DMA goes on",
                        why, commons.gateTimeoutMillis(), name, consequence));
    }

    final boolean isRevoked() {
        SpaceState now = state;
        return now == SpaceState.REVOKED || now == SpaceState.FREED;
    }

    final void setState(SpaceState next) {
        state = next;
    }

    final void publish(Binding next) {
        binding = next;
        hold = null;
        gate.open();
    }

    final void close(Hold why) {
        hold = why;
        binding = null;
    }

    final void revoke(String why) {
        revokedBecause = why;
        state = SpaceState.REVOKED;
        binding = null;
        gate.open();
    }

    @Override
    public String toString() {
        return name;
    }
}
