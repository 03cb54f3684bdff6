package org.sluice.smmuv3.model;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A row of the vector file.
 *
 * @param features the baseline with the row's own changes: ID fields, and shapes such as SPLIT
 * @param changes the row's own changes alone
 */
record Vector(
        String kind,
        String id,
        Map<String, String> features,
        Map<String, String> changes,
        long[] input,
        String stimulus,
        String expected,
        long[] event) {
    /** System property with another file of the same form. */
    static final String FILE = "sluice.smmuv3.vectors";

    static List<Vector> load() {
        String file = System.getProperty(FILE);
        try (InputStream stream = file == null
                        ? Vector.class.getResourceAsStream("smmuv3-vectors.tsv")
                        : Files.newInputStream(Path.of(file));
                BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            List<String> lines = reader.lines().toList();
            String baseline = lines.get(0);
            // what comes behind the registers is the stimulus
            Map<String, String> features =
                    assignments(baseline.substring(baseline.indexOf(':') + 1, baseline.lastIndexOf(';'))
                            .replace(';', ' '));
            List<Vector> vectors = new ArrayList<>();
            for (String line : lines.subList(2, lines.size())) {
                vectors.add(row(line.split("\t", -1), features));
            }
            return vectors;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Vector row(String[] cells, Map<String, String> baseline) {
        Map<String, String> changes = assignments(cells[2]);
        Map<String, String> features = new HashMap<>(baseline);
        features.putAll(changes);
        return new Vector(cells[0], cells[1], features, changes, words(cells[3]), cells[4], cells[5], words(cells[6]));
    }

    private static Map<String, String> assignments(String text) {
        Map<String, String> values = new HashMap<>();
        for (String token : text.trim().split("\\s+")) {
            int equals = token.indexOf('=');
            if (equals > 0) {
                values.put(token.substring(0, equals), token.substring(equals + 1));
            }
        }
        return values;
    }

    private static long[] words(String text) {
        return Arrays.stream(text.trim().split("\\s+"))
                .filter(word -> !word.isEmpty() && !word.equals("-"))
                .mapToLong(word -> Long.parseUnsignedLong(word, 16))
                .toArray();
    }

    boolean feature(String name) {
        return number(name) != 0;
    }

    long number(String name) {
        return Long.decode(features.getOrDefault(name, "0"));
    }

    /** A number of the stimulus, such as {@code ssid=0x3}. */
    long stimulus(String name, long otherwise) {
        String value = assignments(stimulus).get(name);
        if (value == null) {
            return otherwise;
        }
        return value.startsWith("0x") ? Long.parseUnsignedLong(value.substring(2), 16) : Long.parseLong(value);
    }

    /** The first hexadecimal number after a text in the expectation. */
    long expectedAfter(String text) {
        String tail = expected.substring(expected.indexOf(text) + text.length());
        return Long.decode(tail.split("[^0-9a-fx]", 2)[0]);
    }
}
