package org.sluice.trace.internal.books;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.sluice.api.Prot;
import org.sluice.trace.internal.LongRanges;
import org.sluice.trace.internal.capture.DefaultDomains;
import org.sluice.trace.internal.capture.TableForm;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.text.EventSink;
import org.sluice.trace.internal.text.TraceEvent;

/**
 * Turns the events of a trace into steps and keeps the books. It knows the trace only, never the platform. Not
 * thread-safe.
 */
public final class TraceInterpreter implements EventSink {
    private static final String MAPPED_ALREADY =
            "an IOVA is mapped that is live: the kernel refused it, or its unmap is missing in the trace; replayed as if"
                    + " unmapped before";

    private final TraceSurvey survey;
    private final long leafSizes;
    private final StepSink sink;
    private final DomainResolver resolver;
    private final Ambiguities ambiguities = new Ambiguities();
    private final Map<String, TracedDomain> domainOf = new HashMap<>();
    private final Map<String, LongRanges> reachedBefore = new HashMap<>();
    private final TraceTotals totals = new TraceTotals();
    private long ordinal;

    /**
     * An interpreter with empty books.
     *
     * @param survey of the same trace
     * @param defaults what the capture tells of default domains
     * @param form of the captured kernel's tables
     * @param sink carries the steps out
     */
    public TraceInterpreter(TraceSurvey survey, DefaultDomains defaults, TableForm form, StepSink sink) {
        this.survey = survey;
        this.leafSizes = form.leafSizes();
        this.sink = sink;
        this.resolver =
                survey.namesDomains() ? new NamedDomains(survey, defaults) : new InferredDomains(survey, defaults);
    }

    @Override
    public void event(long line, TraceEvent event) {
        // In a trace of both forms, the one that names no domain says the same once more.
        boolean twice = survey.namesDomains()
                && event instanceof TraceEvent.OfDomain said
                && said.domain() == TraceEvent.UNNAMED;
        if (!twice) {
            if (event instanceof TraceEvent.Map map) {
                resolve(line, resolver.map(map)).ifPresent(domain -> map(line, domain, map));
            } else if (event instanceof TraceEvent.Unmap unmap) {
                resolve(line, resolver.unmap(unmap)).ifPresent(domain -> unmap(domain, unmap));
            } else if (event instanceof TraceEvent.Attach attach) {
                resolve(line, resolver.attach(attach)).ifPresent(domain -> attach(line, domain, attach.device()));
            }
        }
        ordinal++;
        sink.done(ordinal);
    }

    /**
     * What the trace leaves open.
     *
     * @return the events so far
     */
    public Ambiguities ambiguities() {
        return ambiguities;
    }

    /**
     * Sums over the events.
     *
     * @return so far
     */
    public TraceTotals totals() {
        return totals;
    }

    /**
     * Domains that were seen and not destroyed.
     *
     * @return a view
     */
    public Collection<TracedDomain> domains() {
        return resolver.domains();
    }

    /**
     * The domain that a device is attached to.
     *
     * @param device name
     * @return empty before its first attach
     */
    public Optional<TracedDomain> domainOf(String device) {
        return Optional.ofNullable(domainOf.get(device));
    }

    /**
     * Whether any device was attached yet.
     *
     * @return true from the first attach on
     */
    public boolean hasAttached() {
        return !domainOf.isEmpty();
    }

    /**
     * What is not live for a device and once was, in the domain that it is attached to or in one that it left.
     *
     * @param device name, attached
     * @return IOVAs
     */
    public LongRanges unreachable(String device) {
        LongRanges unreachable = new LongRanges();
        TracedSpace space = domainOf.get(device).space();
        LongRanges.Visitor adding = (first, last) -> unreachable.add(first, last - first + 1);
        space.gone().forEach(adding);
        reachedBefore.getOrDefault(device, new LongRanges()).forEach(adding);
        space.leaves().forEach(leaf -> unreachable.remove(leaf.iova(), leaf.size()));
        return unreachable;
    }

    private Optional<TracedDomain> resolve(long line, Resolution resolution) {
        if (resolution instanceof Resolution.Open open) {
            ambiguities.add(line, open.reason());
            return Optional.empty();
        }
        if (resolution instanceof Resolution.Assumed assumed) {
            ambiguities.add(line, assumed.reason());
            return Optional.of(assumed.domain());
        }
        return Optional.of(((Resolution.Decided) resolution).domain());
    }

    private void attach(long line, TracedDomain domain, String device) {
        sink.attach(domain, device, domainOf(device));
        TracedDomain old = domainOf.put(device, domain);
        domain.devices().add(device);
        if (old != null && old != domain) {
            LongRanges reached = reachedBefore.computeIfAbsent(device, key -> new LongRanges());
            old.space().gone().forEach((first, last) -> reached.add(first, last - first + 1));
            old.space().leaves().forEach(leaf -> reached.add(leaf.iova(), leaf.size()));
            old.devices().remove(device);
            if (old.devices().isEmpty() && resolver.isDestroyed(old, line)) {
                sink.destroy(old);
                resolver.forget(old);
            }
        }
    }

    private void map(long line, TracedDomain domain, TraceEvent.Map map) {
        TracedSpace space = domain.space();
        boolean fresh = true;
        for (Optional<TracedLeaf> live = space.overlapping(map.iova(), map.size());
                live.isPresent();
                live = space.overlapping(map.iova(), map.size())) {
            fresh = false;
            remove(domain, live.get().iova(), live.get().size(), live.get().size());
        }
        if (!fresh) {
            ambiguities.add(line, MAPPED_ALREADY);
        }
        boolean told = map.prot() != TraceEvent.UNTOLD;
        int prot = told ? map.prot() & Prot.ALL : Prot.READ | Prot.WRITE;
        sink.map(domain, map.iova(), map.paddr(), map.size(), prot);
        space.map(map.iova(), map.paddr(), map.size(), map.pageSize() == 0 ? leafSizes : map.pageSize(), prot);
        totals.mapped(domain, map.size(), told);
    }

    private void unmap(TracedDomain domain, TraceEvent.Unmap unmap) {
        long removable = domain.space().removable(unmap.iova(), unmap.size());
        remove(domain, unmap.iova(), unmap.size(), removable);
        totals.unmapped(domain, removable == unmap.size());
    }

    private void remove(TracedDomain domain, long iova, long size, long removable) {
        long gone = sink.unmap(domain, iova, size, removable);
        if (gone != 0) {
            domain.space().unmap(iova, gone);
        }
    }
}
