package org.sluice.trace.internal.books;

import java.util.LinkedHashSet;
import java.util.Set;

/** A domain of the kernel that was traced, as far as the trace tells. Not thread-safe. */
public final class TracedDomain {
    private final String label;
    private final long pointer;
    private final boolean identity;
    private final Set<String> devices = new LinkedHashSet<>();
    private final TracedSpace space = new TracedSpace();

    TracedDomain(String label, long pointer, boolean identity) {
        this.label = label;
        this.pointer = pointer;
        this.identity = identity;
    }

    /**
     * The kernel's pointer to it.
     *
     * @return the pointer; {@link org.sluice.trace.internal.text.TraceEvent#UNNAMED} if the trace names none
     */
    public long pointer() {
        return pointer;
    }

    /**
     * Whether DMA passes it untranslated.
     *
     * @return true for an identity domain
     */
    public boolean identity() {
        return identity;
    }

    /**
     * Devices attached.
     *
     * @return names; a view that the interpreter changes
     */
    public Set<String> devices() {
        return devices;
    }

    /**
     * Its books.
     *
     * @return empty for an identity domain
     */
    public TracedSpace space() {
        return space;
    }

    @Override
    public String toString() {
        return label;
    }
}
