package org.sluice.api;

/**
 * The address space was taken away (freed, unbound with its device, or its domain closed): it maps nothing any more.
 * The client's reference stays valid, and every further map says so with this exception; unmap returns 0.
 */
public class SpaceRevokedException extends IommuException {
    private static final long serialVersionUID = 1L;

    /**
     * Says which space, and who revoked it.
     *
     * @param message names the space and the reason
     */
    public SpaceRevokedException(String message) {
        super(Errno.ESTALE, message);
    }
}
