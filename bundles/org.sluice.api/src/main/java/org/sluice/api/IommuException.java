package org.sluice.api;

/**
 * A caller's mistake or a lack of something, in words: the message names the argument, its value and the limit.
 *
 * <p>An operation that throws leaves nothing half done: what it had mapped, written or allocated is undone, and the
 * undoing is synced to the hardware, before the exception reaches the caller.
 */
public class IommuException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Errno errno;

    /**
     * An error without a cause.
     *
     * @param errno the kernel's name for it
     * @param message names the thing, its value and the limit
     */
    public IommuException(Errno errno, String message) {
        super(errno + ": " + message);
        this.errno = errno;
    }

    /**
     * The kernel's name for this error.
     *
     * @return the name
     */
    public final Errno errno() {
        return errno;
    }
}
