package org.sluice.trace.internal.replay;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.trace.internal.books.TracedDomain;
import org.sluice.trace.internal.capture.TableForm;
import org.sluice.trace.internal.machine.Machine;
import org.sluice.trace.internal.machine.Stream;
import org.sluice.trace.internal.proof.Score;
import org.sluice.trace.internal.proof.WalkProof;

/**
 * The platform's domains, one for each domain of the trace. A call that fails is a mismatch; after too many the replay
 * stops.
 */
final class Platform {
    private static final int MOST_FAILURES = 8;

    private final Machine machine;
    private final Score score;
    private final TableForm captured;
    private final TableForm form;
    private final Map<TracedDomain, Domain> domains = new HashMap<>();
    private int failures;

    Platform(Machine machine, Score score, TableForm captured) {
        this.machine = machine;
        this.score = score;
        this.captured = captured;
        this.form = captured.stage() == 2 && !hasStage2() ? new TableForm(1, captured.leafSizes(), false) : captured;
    }

    /** A machine without stage 2 is no wrong one: stage 1 leads to the same places, by other descriptors. */
    private boolean hasStage2() {
        try {
            machine.iommu().allocDomain(anyDevice(), translating(captured)).close();
            return true;
        } catch (IommuException refused) {
            if (refused.errno() != Errno.EOPNOTSUPP) {
                throw refused;
            }
            score.unsupported("the capture's tables are of stage 2, which this machine refuses (" + refused.getMessage()
                    + "): replayed with stage 1, and descriptors were not compared");
            return false;
        }
    }

    private IommuDevice anyDevice() {
        return machine.streams().values().iterator().next().device();
    }

    private static DomainRequest translating(TableForm form) {
        return DomainRequest.of(DomainType.UNMANAGED).withStage(form.stage()).withPageSizes(form.leafSizes());
    }

    /** The form of the tables of domains that translate. */
    TableForm form() {
        return form;
    }

    /** Whether that is the form of the captured tables, so that descriptors can be compared. */
    boolean hasCapturedForm() {
        return form.equals(captured);
    }

    /** Whether a device may read what is mapped with protection bits. */
    boolean isReadable(int prot) {
        return (form.granted(prot) & Prot.READ) != 0;
    }

    WalkProof walk(Stream stream, Domain domain) {
        return new WalkProof(stream, domain.space(), form, score);
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
            DomainRequest request = traced.identity() ? DomainRequest.of(DomainType.IDENTITY) : translating(form);
            attempt(
                    "allocation of " + traced,
                    () -> domains.put(traced, machine.iommu().allocDomain(anyDevice(), request)));
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
