package org.sluice.trace.internal.capture;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * The leaves of {@code expected-mappings.csv}. Columns are found by their names; those of untagged stage-1 traffic are
 * compared.
 *
 * @param leaves in the order of the file
 */
public record ExpectedMappings(List<ExpectedLeaf> leaves) {
    private static final List<String> COLUMNS = List.of("sid", "stage", "ssid", "iova", "size", "pa", "perm", "pte");

    /** Copies the list. */
    public ExpectedMappings {
        leaves = List.copyOf(leaves);
    }

    static ExpectedMappings read(Path file) {
        String[] lines = Sidecar.read(file).split("\r?\n");
        int[] columns = columns(file, lines[0].split(",", -1));
        List<ExpectedLeaf> leaves = new ArrayList<>();
        for (int index = 1; index < lines.length; index++) {
            if (!lines[index].isBlank()) {
                leaves.add(leaf(file, index + 1, lines[index].split(",", -1), columns));
            }
        }
        return new ExpectedMappings(leaves);
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

    private static ExpectedLeaf leaf(Path file, int line, String[] fields, int[] columns) {
        try {
            String[] values = new String[columns.length];
            for (int index = 0; index < columns.length; index++) {
                values[index] = fields[columns[index]];
            }
            if (!values[1].equals("s1") || number(values[2]) != 0) {
                throw new IommuException(
                        Errno.EINVAL,
                        String.format(
                                "%s:%d: stage is %s and ssid %s, only untagged stage-1 leaves can be compared",
                                file, line, values[1], values[2]));
            }
            return new ExpectedLeaf(
                    (int) number(values[0]),
                    number(values[3]),
                    number(values[4]),
                    number(values[5]),
                    values[6],
                    number(values[7]));
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException broken) {
            throw new IommuException(Errno.EINVAL, file + ":" + line + ": not a row of leaves: " + broken.getMessage());
        }
    }

    private static long number(String text) {
        return text.startsWith("0x")
                ? Long.parseUnsignedLong(text, 2, text.length(), 16)
                : Long.parseUnsignedLong(text);
    }
}
