package org.sluice.smmuv2.model;

import java.util.function.Consumer;

/** Interrupt lines by name: {@code global}, and {@code context-0} up to what IDR0.NUMIRPT has. Any thread. */
final class Wires {
    private final Consumer<String> raise;
    private final String[] contexts;

    Wires(Consumer<String> raise, int interrupts) {
        this.raise = raise;
        contexts = new String[interrupts];
        for (int i = 0; i < interrupts; i++) {
            contexts[i] = "context-" + i;
        }
    }

    void global() {
        raise.accept("global");
    }

    /** An index that no line has raises none. */
    void context(int index) {
        if (index < contexts.length) {
            raise.accept(contexts[index]);
        }
    }
}
