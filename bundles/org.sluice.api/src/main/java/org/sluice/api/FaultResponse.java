package org.sluice.api;

/** What becomes of a faulting transaction; only a stalled one can be retried. */
public enum FaultResponse {
    /** The cause was removed: translate again. */
    RETRY,
    /** Terminate with an abort. */
    ABORT,
    /** Not this handler's: logged, and a stalled transaction terminates. */
    UNHANDLED
}
