package org.sluice.trace.internal.books;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.sluice.trace.internal.capture.DefaultDomains;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.text.TraceEvent;

/** Domains of a trace that names them. */
final class NamedDomains implements DomainResolver {
    private final Map<Long, TracedDomain> byPointer = new LinkedHashMap<>();
    private final TraceSurvey survey;
    private final DefaultDomains defaults;

    NamedDomains(TraceSurvey survey, DefaultDomains defaults) {
        this.survey = survey;
        this.defaults = defaults;
    }

    @Override
    public Resolution attach(TraceEvent.Attach attach) {
        TracedDomain known = byPointer.get(attach.domain());
        if (known == null) {
            // A group's default domain is the one that its devices meet first; one that is mapped is no identity.
            boolean identity = defaults.isIdentity(attach.device())
                    && survey.firstDomainOf(attach.device()) == attach.domain()
                    && !survey.isMapped(attach.domain());
            return new Resolution.Decided(add(attach.domain(), identity));
        }
        boolean left = known.devices().isEmpty() && !known.space().leaves().isEmpty();
        if (left && survey.firstDomainOf(attach.device()) != attach.domain()) {
            return new Resolution.Assumed(
                    known,
                    "a domain that had lost its last device is attached again with live mappings: it may be another one"
                            + " at the same address; replayed as the same");
        }
        return new Resolution.Decided(known);
    }

    @Override
    public Resolution map(TraceEvent.Map map) {
        return new Resolution.Decided(of(map));
    }

    @Override
    public Resolution unmap(TraceEvent.Unmap unmap) {
        return new Resolution.Decided(of(unmap));
    }

    @Override
    public boolean isDestroyed(TracedDomain domain, long line) {
        return survey.lastMentionOf(domain.pointer()) <= line;
    }

    @Override
    public Collection<TracedDomain> domains() {
        return byPointer.values();
    }

    @Override
    public void forget(TracedDomain domain) {
        byPointer.remove(domain.pointer());
    }

    /** A domain may be mapped before a device is attached, or before the trace began. */
    private TracedDomain of(TraceEvent.OfDomain event) {
        TracedDomain known = byPointer.get(event.domain());
        return known == null ? add(event.domain(), false) : known;
    }

    private TracedDomain add(long pointer, boolean identity) {
        TracedDomain domain = new TracedDomain(String.format("domain 0x%x", pointer), pointer, identity);
        byPointer.put(pointer, domain);
        return domain;
    }
}
