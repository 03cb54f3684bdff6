package org.sluice.trace.internal.text;

/** What a line turned out to be. */
public sealed interface ParsedLine {
    /**
     * An event.
     *
     * @param event what it says
     */
    record Event(TraceEvent event) implements ParsedLine {}

    /** Nothing: a comment or an empty line. */
    record Nothing() implements ParsedLine {}

    /**
     * ftrace's own remark that its buffer lost events here.
     *
     * @param events how many, at least
     */
    record Lost(long events) implements ParsedLine {}

    /**
     * The heading: how many events the kernel's buffer held, and how many it had taken.
     *
     * @param held events that follow
     * @param taken events, those included that were overwritten
     */
    record Heading(long held, long taken) implements ParsedLine {}

    /**
     * Not readable.
     *
     * @param reason what is wrong
     */
    record Malformed(String reason) implements ParsedLine {}
}
