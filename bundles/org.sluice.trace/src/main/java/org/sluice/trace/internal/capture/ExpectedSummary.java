package org.sluice.trace.internal.capture;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * Totals of {@code expected-summary.json} that a replay can be compared with.
 *
 * @param leaves live leaves
 * @param mappedBytes bytes that they map
 */
public record ExpectedSummary(long leaves, long mappedBytes) {
    static ExpectedSummary read(Path file) {
        String json = Sidecar.read(file);
        return new ExpectedSummary(number(file, json, "leaves"), number(file, json, "mapped_bytes"));
    }

    /** The two keys occur once in the file, so that two patterns do what a parser would. */
    private static long number(Path file, String json, String key) {
        Matcher member =
                Pattern.compile("\"" + key + "\"\\s*:\\s*(\\d{1,18})\\b").matcher(json);
        if (!member.find()) {
            throw new IommuException(Errno.EINVAL, file + " has no number named " + key);
        }
        return Long.parseLong(member.group(1));
    }
}
