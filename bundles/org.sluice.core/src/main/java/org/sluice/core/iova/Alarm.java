package org.sluice.core.iova;

/** Calls back after a while, on a thread that may wait for hardware. */
@FunctionalInterface
public interface Alarm {
    /**
     * Sets it.
     *
     * @param nanos not before this time, in ns
     * @param action what is called; nobody hears what it throws
     */
    void set(long nanos, Runnable action);
}
