package org.sluice.trace;

/**
 * Events of a trace that could belong to more than one domain.
 *
 * @param capture name of the capture
 * @param events how many
 * @param explanation why the trace cannot say, and what was done with them
 * @param firstLine number of the first such line
 */
public record Ambiguity(String capture, long events, String explanation, long firstLine) {
    @Override
    public String toString() {
        return capture + ": " + events + " events, first at line " + firstLine + ": " + explanation;
    }
}
