package org.sluice.spi.memory;

/**
 * An external abort: no memory answers at this physical address. A device model turns it into the architecture's event;
 * it never leaves a model.
 */
public class MemoryAbortException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long address;

    /**
     * Names the address.
     *
     * @param address physical address in bytes
     * @param message what was tried, and where memory is
     */
    public MemoryAbortException(long address, String message) {
        // An abort is an answer of the bus, not a defect: guests provoke it at will, so it carries no stack trace.
        super(message, null, false, false);
        this.address = address;
    }

    /**
     * Where nothing answered.
     *
     * @return physical address in bytes
     */
    public long address() {
        return address;
    }
}
