package org.sluice.spi.pgtable;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** A map that stopped part of the way; the core unmaps what was done and passes the error on. */
public class MappingException extends IommuException {
    private static final long serialVersionUID = 1L;

    private final long mapped;

    /**
     * Says why and how far.
     *
     * @param errno the kernel's name
     * @param message names the argument, its value and the limit
     * @param mapped bytes from the start of the call that are mapped now
     */
    public MappingException(Errno errno, String message, long mapped) {
        super(errno, message);
        this.mapped = mapped;
    }

    /**
     * How far it came.
     *
     * @return bytes from the start of the call that are mapped and must be unmapped
     */
    public long mapped() {
        return mapped;
    }
}
