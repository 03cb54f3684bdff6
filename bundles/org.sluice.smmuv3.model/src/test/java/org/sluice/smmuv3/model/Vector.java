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
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

    private static final List<String> FILES = List.of("smmuv3-vectors.tsv", "smmuv3-vectors-mirror.tsv");
    private static final String NUMBER = "(0x[0-9a-fA-F]+|\\d+)";

    /** The rows of the file that is named, or of those that are here. */
    static List<Vector> load() {
        String file = System.getProperty(FILE);
        try {
            if (file != null) {
                return read(Files.newInputStream(Path.of(file)));
            }
            List<Vector> vectors = new ArrayList<>();
            for (String resource : FILES) {
                vectors.addAll(read(Vector.class.getResourceAsStream(resource)));
            }
            return vectors;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Vector> read(InputStream stream) throws IOException {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            List<String> lines = reader.lines().toList();
            String baseline = lines.get(0);
            // what comes behind the registers is the stimulus
            Map<String, String> features =
                    assignments(baseline.substring(baseline.indexOf(':') + 1, baseline.lastIndexOf(';')));
            List<Vector> vectors = new ArrayList<>();
            for (String line : lines.subList(2, lines.size())) {
                if (!line.isBlank()) {
                    vectors.add(row(line.split("\t", -1), features));
                }
            }
            return vectors;
        }
    }

    private static Vector row(String[] cells, Map<String, String> baseline) {
        Map<String, String> changes = assignments(cells[2]);
        Map<String, String> features = new HashMap<>(baseline);
        features.putAll(changes);
        String event = cells.length > 6 ? cells[6] : "";
        return new Vector(cells[0], cells[1], features, changes, words(cells[3]), cells[4], cells[5], words(event));
    }

    private static Map<String, String> assignments(String text) {
        Map<String, String> values = new HashMap<>();
        for (String token : text.trim().split("[\\s;]+")) {
            int equals = token.indexOf('=');
            if (equals > 0) {
                values.put(
                        token.substring(0, equals), token.substring(equals + 1).replaceAll(",$", ""));
            }
        }
        return values;
    }

    private static long[] words(String text) {
        return Arrays.stream(text.trim().split("\\s+"))
                .filter(word -> !word.isEmpty() && !word.equals("-"))
                .mapToLong(word -> Long.parseUnsignedLong(word.replaceFirst("^0x", ""), 16))
                .toArray();
    }

    private static long parse(String number) {
        return number.startsWith("0x") ? Long.parseUnsignedLong(number.substring(2), 16) : Long.parseLong(number);
    }

    boolean feature(String name) {
        return number(name) != 0;
    }

    long number(String name) {
        return Long.decode(features.getOrDefault(name, "0"));
    }

    /** A number of the stimulus, such as {@code ssid=0x3}. */
    long stimulus(String name, long otherwise) {
        for (Map.Entry<String, String> each : assignments(stimulus).entrySet()) {
            if (each.getKey().equalsIgnoreCase(name)) {
                return parse(each.getValue());
            }
        }
        return otherwise;
    }

    /** What the row itself sets a field to, in its changes or its stimulus, with the structure's name before it or not. */
    OptionalLong changed(String structure, String field) {
        for (Map<String, String> values : List.of(changes, assignments(stimulus))) {
            for (String name : List.of(structure + "." + field, field)) {
                if (values.containsKey(name)) {
                    return OptionalLong.of(parse(values.get(name)));
                }
            }
        }
        return OptionalLong.empty();
    }

    boolean stimulusSays(String word) {
        return Arrays.asList(stimulus.toLowerCase(Locale.ROOT).split("[^a-z]+")).contains(word);
    }

    /** Whether the expectation has a phrase in it. */
    boolean says(Phrase phrase) {
        return phrase.isIn(expected);
    }

    /** The names of events in the expectation, in order. */
    List<String> expectedEvents() {
        return Pattern.compile("\\b[CFE]_[A-Z_]*[A-Z]")
                .matcher(expected)
                .results()
                .map(found -> found.group())
                .toList();
    }

    /** The number after a text in the expectation. */
    OptionalLong expectedAfter(String text) {
        Matcher matcher = Pattern.compile(Pattern.quote(text) + "\\s*" + NUMBER, Pattern.CASE_INSENSITIVE)
                .matcher(expected);
        return matcher.find() ? OptionalLong.of(parse(matcher.group(1))) : OptionalLong.empty();
    }

    /** Two numbers of the expectation with something between them, or nothing. */
    Optional<long[]> expectedPair(String before, String between, String after) {
        Matcher matcher =
                Pattern.compile(before + NUMBER + between + NUMBER + after).matcher(expected);
        return matcher.find()
                ? Optional.of(new long[] {parse(matcher.group(1)), parse(matcher.group(2))})
                : Optional.empty();
    }
}
