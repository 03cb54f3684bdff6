package org.sluice.trace.internal.books;

import java.util.Optional;

/**
 * Carries out what a trace says. Each method is called before the books change: they show the state before the step.
 */
public interface StepSink {
    /**
     * A device moves.
     *
     * @param domain where to
     * @param device name
     * @param old where from, if it was attached before
     */
    void attach(TracedDomain domain, String device, Optional<TracedDomain> old);

    /**
     * Pages are mapped that are not mapped now.
     *
     * @param domain where
     * @param iova bytes
     * @param paddr bytes
     * @param size bytes
     * @param prot {@link org.sluice.api.Prot} bits
     */
    void map(TracedDomain domain, long iova, long paddr, long size, int prot);

    /**
     * Pages are unmapped.
     *
     * @param domain where
     * @param iova bytes
     * @param size bytes
     * @param removable bytes that go according to the books
     * @return bytes that went
     */
    long unmap(TracedDomain domain, long iova, long size, long removable);

    /**
     * A domain is destroyed, with its mappings.
     *
     * @param domain without devices
     */
    void destroy(TracedDomain domain);

    /**
     * An event was dealt with.
     *
     * @param ordinal its number, from 1
     */
    void done(long ordinal);
}
