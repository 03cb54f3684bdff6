package org.sluice.spi.board;

/**
 * What a model would do with an access.
 *
 * @param outcome what happens
 * @param address physical address in bytes, for TRANSLATED and BYPASSED
 * @param leafBytes size of the leaf that maps it; 0 for BYPASSED and the rest
 * @param reason event name for FAULTED, e.g. {@code F_TRANSLATION}; else empty
 */
public record Translation(Outcome outcome, long address, long leafBytes, String reason) {
    /** Outcomes. */
    public enum Outcome {
        /** Through tables. */
        TRANSLATED,
        /** Untranslated. */
        BYPASSED,
        /** Aborted by configuration, without an event. */
        ABORTED,
        /** Faulted with an event. */
        FAULTED
    }
}
