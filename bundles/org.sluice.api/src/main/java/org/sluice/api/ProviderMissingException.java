package org.sluice.api;

/**
 * A bundle that the operation needs is not there: no driver, no page-table format, no plug-in. The state is kept and
 * DMA goes on over the live tables; start the bundle that the message names, and the same call succeeds.
 */
public class ProviderMissingException extends IommuException {
    private static final long serialVersionUID = 1L;

    private final String missing;

    /**
     * Names what is missing.
     *
     * @param missing the service that is missing, e.g. {@code page-table format ARM_64_LPAE_S1}
     * @param detail what was waited for, how long, and what stays as it was
     */
    public ProviderMissingException(String missing, String detail) {
        super(Errno.ENODEV, missing + " is missing: " + detail);
        this.missing = missing;
    }

    /**
     * What is missing.
     *
     * @return the service in words
     */
    public String missing() {
        return missing;
    }
}
