package org.sluice.spi.driver;

/** Answers to a group of page requests, as PCI names them. */
public enum PageResponse {
    /** The pages are there: try again. */
    SUCCESS,
    /** At least one page cannot be given; the access fails, later requests are welcome. */
    INVALID,
    /** Nobody will serve this device's requests any more. */
    FAILURE
}
