package org.sluice.shell;

/** What the user asked for cannot be done, in words for the user. */
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
