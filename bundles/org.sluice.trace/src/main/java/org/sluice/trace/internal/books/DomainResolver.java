package org.sluice.trace.internal.books;

import java.util.Collection;
import org.sluice.trace.internal.text.TraceEvent;

/** Decides to which domain events belong, by sound inference only. */
interface DomainResolver {
    /**
     * The domain that a device is attached to.
     *
     * @param attach the event
     * @return decided or assumed, never open; the domain's devices are not changed yet
     */
    Resolution attach(TraceEvent.Attach attach);

    /**
     * The domain of a mapping.
     *
     * @param map the event
     * @return what the trace says
     */
    Resolution map(TraceEvent.Map map);

    /**
     * The domain of an unmap.
     *
     * @param unmap the event
     * @return what the trace says
     */
    Resolution unmap(TraceEvent.Unmap unmap);

    /**
     * Whether the kernel destroyed a domain that just lost its last device.
     *
     * @param domain the domain
     * @param line number of the line that took the device away
     * @return true only if the trace shows it
     */
    boolean isDestroyed(TracedDomain domain, long line);

    /**
     * Every domain that was seen and not destroyed.
     *
     * @return the domains
     */
    Collection<TracedDomain> domains();

    /**
     * Forgets a domain that was destroyed.
     *
     * @param domain the domain
     */
    void forget(TracedDomain domain);
}
