package org.sluice.trace.internal.replay;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.trace.internal.books.TracedDomain;
import org.sluice.trace.internal.machine.Machine;
import org.sluice.trace.internal.machine.Stream;
import org.sluice.trace.internal.proof.Score;

/**
 * The platform's domains, one for each domain of the trace. A call that fails is a mismatch; after too many the replay
 * stops.
 */
final class Platform {
    private static final int MOST_FAILURES = 8;

    private final Machine machine;
    private final Score score;
    private final Map<TracedDomain, Domain> domains = new HashMap<>();
    private int failures;

    Platform(Machine machine, Score score) {
        this.machine = machine;
        this.score = score;
    }

    Stream stream(String device) {
        return machine.streams().get(device);
    }

    List<Stream> streams(TracedDomain traced) {
        return traced.devices().stream().map(this::stream).toList();
    }

    /** The domain that stands for one of the trace, allocated when it is needed first; empty if that fails. */
    Optional<Domain> domain(TracedDomain traced) {
        if (!domains.containsKey(traced)) {
            Stream any = machine.streams().values().iterator().next();
            DomainRequest request = traced.identity()
                    ? DomainRequest.of(DomainType.IDENTITY)
                    : DomainRequest.of(DomainType.UNMANAGED).withStage(1);
            attempt(
                    "allocation of " + traced,
                    () -> domains.put(traced, machine.iommu().allocDomain(any.device(), request)));
        }
        return Optional.ofNullable(domains.get(traced));
    }

    void close(TracedDomain traced) {
        Domain domain = domains.remove(traced);
        if (domain != null) {
            attempt("closing " + traced, domain::close);
        }
    }

    void closeAll() {
        new ArrayList<>(domains.keySet()).forEach(this::close);
    }

    /** Does something that must not fail. */
    void attempt(String what, Runnable call) {
        try {
            call.run();
        } catch (ReplayStopped stop) {
            throw stop;
        } catch (RuntimeException cause) {
            // Whatever escapes from the platform, the report must name it; a replay is how it is found.
            score.mismatch(what, "no exception", cause.toString());
            failures++;
            if (failures >= MOST_FAILURES) {
                throw new ReplayStopped(failures + " calls failed, the last one was " + what);
            }
        }
    }
}
