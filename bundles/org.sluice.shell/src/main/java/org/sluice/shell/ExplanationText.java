package org.sluice.shell;

import java.util.ArrayList;
import java.util.List;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.MemoryAttributes;
import org.sluice.spi.board.Translation;

/** An explanation as lines to read. */
final class ExplanationText {
    private ExplanationText() {}

    static List<String> lines(String board, Explanation explanation) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                "%s: stream 0x%x%s, %s of 0x%x",
                board,
                explanation.streamId(),
                explanation.substreamId() == Dma.NO_PASID
                        ? ""
                        : String.format(", PASID 0x%x", explanation.substreamId()),
                access(explanation.flags()),
                explanation.iova()));
        explanation.steps().forEach(step -> lines.add("  " + line(step)));
        lines.add("  = " + outcome(explanation));
        return lines;
    }

    private static String access(int flags) {
        String kind =
                (flags & IommuModel.WRITE) != 0 ? "write" : (flags & Dma.EXECUTE) != 0 ? "instruction fetch" : "read";
        return ((flags & Dma.PRIVILEGED) != 0 ? "privileged " : "") + kind;
    }

    private static String line(Explanation.Step step) {
        return switch (step.kind()) {
            case REGISTER -> String.format("register   %-18s %s", step.subject(), step.text());
            case STRUCTURE -> String.format("0x%012x %-18s %s", step.address(), step.subject(), step.text());
            case DESCRIPTOR ->
                String.format(
                        "0x%012x %-18s 0x%016x %s",
                        step.address(), step.subject(), step.words().get(0), step.text());
            case CACHE -> String.format("cached     %-18s %s", step.subject(), step.text());
            case RULE -> String.format("rule       %-18s %s", step.subject(), step.text());
            case EVENT -> {
                StringBuilder words = new StringBuilder();
                step.words().forEach(word -> words.append(String.format(" %016x", word)));
                yield String.format("event      %-18s%s  %s", step.subject(), words, step.text());
            }
        };
    }

    private static String outcome(Explanation explanation) {
        Translation translation = explanation.translation();
        MemoryAttributes attributes = explanation.attributes();
        String text = translation.outcome().name().toLowerCase(java.util.Locale.ROOT);
        if (!translation.reason().isEmpty()) {
            return text + ": " + translation.reason();
        }
        if (attributes == null) {
            return text;
        }
        return String.format(
                "%s to 0x%x, type 0x%02x (%s), %s shareable, %s%s",
                text,
                translation.address(),
                attributes.type(),
                attributes.isDevice() ? "Device" : "Normal",
                attributes.shareability().name().toLowerCase(java.util.Locale.ROOT),
                attributes.privileged() ? "privileged" : "unprivileged",
                attributes.instruction() ? ", instruction" : "");
    }
}
