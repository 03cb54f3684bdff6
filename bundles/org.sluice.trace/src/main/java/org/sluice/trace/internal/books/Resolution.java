package org.sluice.trace.internal.books;

/** To which domain an event belongs. */
sealed interface Resolution {
    /**
     * To this one, without doubt.
     *
     * @param domain the domain
     */
    record Decided(TracedDomain domain) implements Resolution {}

    /**
     * To this one, although it could be another.
     *
     * @param domain the domain that is taken
     * @param reason why the trace cannot say, and what was taken
     */
    record Assumed(TracedDomain domain, String reason) implements Resolution {}

    /**
     * The trace cannot say; the event is left out.
     *
     * @param reason why
     */
    record Open(String reason) implements Resolution {}
}
