package org.sluice.trace.internal.books;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.sluice.trace.internal.LongRanges;
import org.sluice.trace.internal.capture.DefaultDomains;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.text.TraceEvent;

/**
 * Domains of a trace that names none: the kernel's tracepoints. What can be known soundly:
 *
 * <ul>
 *   <li>devices of one group share their first domain; a device that moves leaves its domain for one that is not named;
 *   <li>what is mapped or unmapped belongs to a translating domain with a device: the driver makes a domain's table when
 *       the first device is attached. While there is one such domain, the event is its;
 *   <li>with several, a mapping cannot belong to a domain where that IOVA is live, an unmap only to one where it is. That
 *       holds for IOVAs that no undecided event touched, in a trace that lost nothing.
 * </ul>
 */
final class InferredDomains implements DomainResolver {
    private static final String LEFT_OUT = "; left out, its IOVAs stay undecided";

    private final List<TracedDomain> domains = new ArrayList<>();
    private final Map<String, TracedDomain> defaultOf = new HashMap<>();
    private final Map<Integer, TracedDomain> defaultOfGroup = new HashMap<>();
    private final LongRanges undecided = new LongRanges();
    private final TraceSurvey survey;
    private final DefaultDomains defaults;

    InferredDomains(TraceSurvey survey, DefaultDomains defaults) {
        this.survey = survey;
        this.defaults = defaults;
    }

    @Override
    public Resolution attach(TraceEvent.Attach attach) {
        String device = attach.device();
        int group = survey.devices().get(device);
        if (!defaultOf.containsKey(device)) {
            TracedDomain first = group == -1 ? null : defaultOfGroup.get(group);
            if (first == null) {
                first = add(defaults.isIdentity(device));
                if (group != -1) {
                    defaultOfGroup.put(group, first);
                }
            }
            defaultOf.put(device, first);
            return new Resolution.Decided(first);
        }
        boolean another =
                domains.stream().anyMatch(domain -> !domain.space().leaves().isEmpty());
        TracedDomain fresh = add(false);
        return another || undecided.count() > 0
                ? new Resolution.Assumed(
                        fresh,
                        "a device moves to a domain that is not named, while domains with mappings are known that it could"
                                + " be; replayed as a new, empty one")
                : new Resolution.Decided(fresh);
    }

    @Override
    public Resolution map(TraceEvent.Map map) {
        return decide(
                map.iova(),
                map.size(),
                domain -> domain.space().overlapping(map.iova(), map.size()).isEmpty());
    }

    @Override
    public Resolution unmap(TraceEvent.Unmap unmap) {
        return decide(
                unmap.iova(),
                unmap.size(),
                domain -> domain.space().removable(unmap.iova(), unmap.size()) == unmap.size());
    }

    /** The kernel tells nobody when it destroys a domain. */
    @Override
    public boolean isDestroyed(TracedDomain domain, long line) {
        return false;
    }

    @Override
    public Collection<TracedDomain> domains() {
        return domains;
    }

    @Override
    public void forget(TracedDomain domain) {
        domains.remove(domain);
    }

    private Resolution decide(long iova, long size, Predicate<TracedDomain> possible) {
        List<TracedDomain> meant = domains.stream()
                .filter(domain -> !domain.identity() && !domain.devices().isEmpty())
                .toList();
        if (meant.size() == 1) {
            return new Resolution.Decided(meant.get(0));
        }
        if (meant.isEmpty()) {
            undecided.add(iova, size);
            return new Resolution.Open("no translating domain with a device is known" + LEFT_OUT);
        }
        if (survey.lost() == 0 && !undecided.overlaps(iova, size)) {
            List<TracedDomain> left = meant.stream().filter(possible).toList();
            if (left.size() == 1) {
                return new Resolution.Decided(left.get(0));
            }
        }
        undecided.add(iova, size);
        return new Resolution.Open(
                "several translating domains are live, each allocates the same IOVAs, and the event names none"
                        + LEFT_OUT);
    }

    private TracedDomain add(boolean identity) {
        TracedDomain domain = new TracedDomain("domain #" + (domains.size() + 1), TraceEvent.UNNAMED, identity);
        domains.add(domain);
        return domain;
    }
}
