package org.sluice.core.space;

import java.util.concurrent.atomic.LongAdder;

/**
 * Why spaces are closed: a provider left. One hold covers everything that its provider served; it counts who waits.
 * Strings only: a hold outlives the bundle that it speaks of.
 */
public final class Hold {
    private final String missing;
    private volatile String cause;
    private final long since = System.nanoTime();
    private final LongAdder parked = new LongAdder();

    /**
     * Closes the door from now on.
     *
     * @param missing the service in words, e.g. {@code page-table format ARM_64_LPAE_S1}
     * @param cause who left
     */
    public Hold(String missing, String cause) {
        this.missing = missing;
        this.cause = cause;
    }

    /**
     * The service in words.
     *
     * @return what is missing
     */
    public String missing() {
        return missing;
    }

    /**
     * Who left, and who was refused since.
     *
     * @return in words, with bundles and versions
     */
    public String cause() {
        return cause;
    }

    /**
     * Adds why it is not over yet.
     *
     * @param refusal of a successor, in words
     */
    public void blame(String refusal) {
        cause = cause + "; " + refusal;
    }

    /** One more call waits. */
    public void park() {
        parked.increment();
    }

    /**
     * Calls that waited.
     *
     * @return a count
     */
    public long parked() {
        return parked.sum();
    }

    /**
     * Time since it began.
     *
     * @return ns
     */
    public long age() {
        return System.nanoTime() - since;
    }
}
