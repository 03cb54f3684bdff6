package org.sluice.trace.internal.replay;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sluice.trace.internal.books.TraceInterpreter;
import org.sluice.trace.internal.books.TracedDomain;
import org.sluice.trace.internal.capture.Capture;
import org.sluice.trace.internal.capture.ExpectedLeaf;
import org.sluice.trace.internal.capture.IommuGroups;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.machine.MachinePlan;
import org.sluice.trace.internal.machine.Stream;

/**
 * What was in the captured machine and its trace does not tell, because it began later or names other devices. That is no
 * fault of the platform.
 */
final class Untold {
    private static final int BUS_SHIFT = 8;
    private static final int FUNCTION_MASK = 0xff;

    private final Capture capture;
    private final TraceSurvey survey;
    private final TraceInterpreter interpreter;
    private final Map<String, Integer> capturedIds;

    Untold(Capture capture, TraceSurvey survey, TraceInterpreter interpreter) {
        this.capture = capture;
        this.survey = survey;
        this.interpreter = interpreter;
        this.capturedIds = MachinePlan.capturedStreams(survey);
    }

    /**
     * Leaves of a device that are older than the trace: of IOVAs that no event names, in a default domain that another device
     * of the group was attached to before the trace began.
     */
    List<ExpectedLeaf> older(String device, TracedDomain books, List<ExpectedLeaf> expected) {
        boolean began = capture.groups().groupOf(device).map(IommuGroups.Group::devices).orElse(Set.of()).stream()
                .anyMatch(member -> !survey.devices().containsKey(member));
        return began && isDefault(device, books)
                ? expected.stream()
                        .filter(leaf -> !books.space().knows(leaf.iova()))
                        .toList()
                : List.of();
    }

    /**
     * Whether a device left its traced domain without a word: its group ended with an identity domain, and the walker found
     * no leaf.
     */
    boolean leftUnseen(String device, TracedDomain books, List<ExpectedLeaf> expected) {
        return expected.isEmpty()
                && isDefault(device, books)
                && survey.isMapped(books.pointer())
                && capture.groups()
                        .groupOf(device)
                        .filter(IommuGroups.Group::identity)
                        .isPresent();
    }

    /**
     * A stream that shares its tables with one that the trace does not name: that of a device in the same group, or the alias
     * of all functions behind a bridge to conventional PCI, which is device 0, function 0 of their bus.
     */
    Optional<Stream> sharer(int streamId, Collection<Stream> streams) {
        Set<String> group = capture.groups()
                .groupOf(
                        String.format("0000:%02x:%02x.%x", streamId >>> BUS_SHIFT, streamId >>> 3 & 0x1f, streamId & 7))
                .map(IommuGroups.Group::devices)
                .orElse(Set.of());
        return streams.stream()
                .filter(stream -> group.contains(stream.name())
                        || (streamId & FUNCTION_MASK) == 0
                                && capturedIds.get(stream.name()) >>> BUS_SHIFT == streamId >>> BUS_SHIFT)
                .filter(stream -> interpreter
                        .domainOf(stream.name())
                        .filter(books -> !books.identity() && isDefault(stream.name(), books))
                        .isPresent())
                .findFirst();
    }

    private boolean isDefault(String device, TracedDomain books) {
        return survey.firstDomainOf(device) == books.pointer();
    }
}
