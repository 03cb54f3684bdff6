package org.sluice.spi.sva;

/** What became of a page that a device asked for. */
public enum PageArrival {
    /** It is there with the rights that were asked for. */
    PRESENT,
    /** The process has nothing there. */
    NO_MAPPING,
    /** The process itself may not access it so. */
    NOT_ALLOWED,
    /** No frame is free. */
    NO_MEMORY,
    /** The process exits. */
    EXITED
}
