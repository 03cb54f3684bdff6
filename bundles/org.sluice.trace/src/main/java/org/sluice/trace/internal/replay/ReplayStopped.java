package org.sluice.trace.internal.replay;

/** The platform fails so often that going on would only take time. Stays inside this package. */
final class ReplayStopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ReplayStopped(String reason) {
        super(reason, null, false, false);
    }
}
