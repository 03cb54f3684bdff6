package org.sluice.trace.internal.books;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Writes steps down. */
final class RecordingSink implements StepSink {
    final List<String> steps = new ArrayList<>();

    @Override
    public void attach(TracedDomain domain, String device, Optional<TracedDomain> old) {
        steps.add("attach " + device + (domain.identity() ? " identity" : ""));
    }

    @Override
    public void map(TracedDomain domain, long iova, long paddr, long size, int prot) {
        steps.add(String.format("map %x %x %x %d to %s", iova, paddr, size, prot, domain.devices()));
    }

    @Override
    public long unmap(TracedDomain domain, long iova, long size, long removable) {
        steps.add(String.format("unmap %x %x of %x from %s", iova, removable, size, domain.devices()));
        return removable;
    }

    @Override
    public void destroy(TracedDomain domain) {
        steps.add("destroy with " + domain.space().leaves().size());
    }

    @Override
    public void done(long ordinal) {
        // nothing to write down
    }
}
