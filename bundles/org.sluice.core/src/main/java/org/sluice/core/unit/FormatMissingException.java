package org.sluice.core.unit;

import org.sluice.api.ProviderMissingException;

/** No bundle offers a page-table format right now; whoever catches it may wait for one and begin again. */
final class FormatMissingException extends ProviderMissingException {
    private static final long serialVersionUID = 1L;

    private final String format;

    FormatMissingException(String format) {
        super("page-table format " + format, "no bundle offers it");
        this.format = format;
    }

    String format() {
        return format;
    }
}
