package org.sluice.trace.internal.text;

/** Takes what a reader finds in a trace. */
public interface EventSink {
    /**
     * An event.
     *
     * @param line number of its line, from 1
     * @param event what it says
     */
    void event(long line, TraceEvent event);

    /**
     * A line that cannot be read.
     *
     * @param line its number, from 1
     * @param reason what is wrong
     */
    default void malformed(long line, String reason) {}

    /**
     * The heading of the trace.
     *
     * @param held events that follow, by the kernel's count
     * @param taken events that its buffer took; more than that if it overflowed and the oldest are gone
     */
    default void heading(long held, long taken) {}

    /**
     * The kernel lost events here.
     *
     * @param line number of the line that says so
     * @param events how many
     */
    default void lost(long line, long events) {}
}
