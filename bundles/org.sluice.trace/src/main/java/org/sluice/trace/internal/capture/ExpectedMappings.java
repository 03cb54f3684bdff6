package org.sluice.trace.internal.capture;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * The leaves of {@code expected-mappings.csv}. Columns are found by their names.
 *
 * @param leaves those of traffic without SubstreamID, in the order of the file
 * @param substreams those of other SubstreamIDs than 0, which no trace of DMA names
 */
public record ExpectedMappings(List<ExpectedLeaf> leaves, List<ExpectedLeaf> substreams) {
    private static final List<String> COLUMNS = List.of("sid", "stage", "ssid", "iova", "size", "pa", "perm", "pte");

    /** Copies the lists. */
    public ExpectedMappings {
        leaves = List.copyOf(leaves);
        substreams = List.copyOf(substreams);
    }

    static ExpectedMappings read(Path file) {
        String[] lines = Sidecar.lines(file);
        int[] columns = columns(file, lines[0].split(",", -1));
        List<ExpectedLeaf> leaves = new ArrayList<>();
        List<ExpectedLeaf> substreams = new ArrayList<>();
        for (int index = 1; index < lines.length; index++) {
            if (!lines[index].isBlank()) {
                String[] values = values(file, index + 1, lines[index], columns);
                boolean untagged = values[2].isEmpty() || number(file, index + 1, "ssid", values[2]) == 0;
                (untagged ? leaves : substreams).add(leaf(file, index + 1, values));
            }
        }
        return new ExpectedMappings(leaves, substreams);
    }

    private static int[] columns(Path file, String[] header) {
        List<String> names = List.of(header);
        return COLUMNS.stream()
                .mapToInt(column -> {
                    int index = names.indexOf(column);
                    if (index < 0) {
                        throw new IommuException(Errno.EINVAL, file + ":1: has no column " + column);
                    }
                    return index;
                })
                .toArray();
    }

    private static String[] values(Path file, int line, String row, int[] columns) {
        String[] fields = row.split(",", -1);
        String[] values = new String[columns.length];
        for (int index = 0; index < columns.length; index++) {
            if (columns[index] >= fields.length) {
                throw broken(
                        file,
                        line,
                        "has " + fields.length + " columns, " + COLUMNS.get(index) + " would be column "
                                + (columns[index] + 1));
            }
            values[index] = fields[columns[index]].strip();
        }
        return values;
    }

    private static ExpectedLeaf leaf(Path file, int line, String[] values) {
        if (!values[1].equals("s1") && !values[1].equals("s2")) {
            throw broken(file, line, "stage is " + values[1] + ", must be s1 or s2");
        }
        return new ExpectedLeaf(
                (int) number(file, line, "sid", values[0]),
                values[1].charAt(1) - '0',
                number(file, line, "iova", values[3]),
                number(file, line, "size", values[4]),
                number(file, line, "pa", values[5]),
                values[6],
                number(file, line, "pte", values[7]));
    }

    private static long number(Path file, int line, String column, String text) {
        try {
            return text.startsWith("0x")
                    ? Long.parseUnsignedLong(text, 2, text.length(), 16)
                    : Long.parseUnsignedLong(text);
        } catch (NumberFormatException notANumber) {
            throw broken(file, line, column + " is \"" + text + "\", not a number of up to 64 bits");
        }
    }

    private static IommuException broken(Path file, int line, String reason) {
        return new IommuException(Errno.EINVAL, file + ":" + line + ": " + reason);
    }
}
