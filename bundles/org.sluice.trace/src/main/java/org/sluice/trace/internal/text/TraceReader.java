package org.sluice.trace.internal.text;

import java.nio.file.Path;

/** Reads a whole trace file, as a stream of events. */
public final class TraceReader {
    private TraceReader() {}

    /**
     * Reads a trace from begin to end.
     *
     * @param file plain or gzip
     * @param sink takes what is found, in order
     * @return number of lines
     * @throws org.sluice.api.IommuException EINVAL the file cannot be read or is damaged
     */
    public static long read(Path file, EventSink sink) {
        try (TraceText text = TraceText.open(file)) {
            for (String line = text.next(); line != null; line = text.next()) {
                if (line.length() > TraceText.LONGEST_LINE) {
                    sink.malformed(text.lineNumber(), "longer than " + TraceText.LONGEST_LINE + " characters");
                } else {
                    hand(LineParser.parse(line), text.lineNumber(), sink);
                }
            }
            return text.lineNumber();
        }
    }

    /**
     * Whether a trace tells where a device was attached.
     *
     * @param file plain or gzip
     * @return true if any line does
     * @throws org.sluice.api.IommuException EINVAL the file cannot be read or is damaged before such a line
     */
    public static boolean attachesADevice(Path file) {
        try (TraceText text = TraceText.open(file)) {
            for (String line = text.next(); line != null; line = text.next()) {
                if (LineParser.parse(line) instanceof ParsedLine.Event found
                        && found.event() instanceof TraceEvent.Attach) {
                    return true;
                }
            }
            return false;
        }
    }

    private static void hand(ParsedLine parsed, long line, EventSink sink) {
        if (parsed instanceof ParsedLine.Event found) {
            sink.event(line, found.event());
        } else if (parsed instanceof ParsedLine.Malformed broken) {
            sink.malformed(line, broken.reason());
        } else if (parsed instanceof ParsedLine.Heading heading) {
            sink.heading(heading.held(), heading.taken());
        } else if (parsed instanceof ParsedLine.Lost gap) {
            sink.lost(line, gap.events());
        }
    }
}
