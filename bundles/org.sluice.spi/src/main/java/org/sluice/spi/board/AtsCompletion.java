package org.sluice.spi.board;

/**
 * The answer to a translation request. A translation that permits nothing is a success.
 *
 * @param status whether there is a translation; the rest counts for SUCCESS only
 * @param address where the translation begins, in bytes: a multiple of {@code bytes}
 * @param bytes size of the naturally aligned range that is translated and holds the address that was asked for, a power of
 *     two of at least 4096
 * @param read R: may be read
 * @param write W: may be written
 * @param execute Exe: may be executed; only when asked for, with a PASID
 * @param privileged Priv: as in the request
 * @param global Global: whatever the PASID
 * @param untranslatedOnly U: the range may only be used untranslated
 */
public record AtsCompletion(
        Status status,
        long address,
        long bytes,
        boolean read,
        boolean write,
        boolean execute,
        boolean privileged,
        boolean global,
        boolean untranslatedOnly) {
    private static final long SMALLEST = 4096;

    /** How a request completes. */
    public enum Status {
        /** With a translation. */
        SUCCESS,
        /** UR: ATS is off for this stream. */
        UNSUPPORTED_REQUEST,
        /** CA: the configuration of the stream is in error. */
        COMPLETER_ABORT
    }

    /**
     * A completion without a translation.
     *
     * @param status not SUCCESS
     * @return the completion
     */
    public static AtsCompletion refused(Status status) {
        return new AtsCompletion(status, 0, 0, false, false, false, false, false, false);
    }

    /**
     * A translation that permits nothing.
     *
     * @param privileged as in the request
     * @return the completion
     */
    public static AtsCompletion noAccess(boolean privileged) {
        return new AtsCompletion(Status.SUCCESS, 0, SMALLEST, false, false, false, privileged, false, false);
    }

    /**
     * S.
     *
     * @return whether the range is larger than 4096 bytes
     */
    public boolean large() {
        return bytes > SMALLEST;
    }

    /**
     * N: the SMMU and its like say nothing about snooping.
     *
     * @return false
     */
    public boolean nonSnooped() {
        return false;
    }
}
