package org.sluice.itest;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.summingLong;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** The captures that the tests replay, and what an independent walker found in them. */
final class Captures {
    private static final String EXPECTED = "expected-mappings.csv";
    private static final int STREAM = 0;
    private static final int STAGE = 2;
    private static final int TAG = 4;
    private static final int IOVA = 5;
    private static final int SIZE = 6;

    private Captures() {}

    static List<Path> folders() throws IOException {
        try (var folders = Files.list(Path.of(Container.CONTEXT.getProperty("sluice.captures")))) {
            return folders.filter(folder -> file(folder).isPresent()).sorted().toList();
        }
    }

    /** Captures of stage 1: domains of stage 2 have no PASIDs. */
    static List<Path> ofStage1() throws IOException {
        List<Path> captures = new ArrayList<>();
        for (Path folder : folders()) {
            if (rows(folder).stream().noneMatch(row -> row[STAGE].equals("s2"))) {
                captures.add(folder);
            }
        }
        return captures;
    }

    /** Sizes of all leaves, those of a domain of several streams once. */
    static List<Long> sizes(Path folder) throws IOException {
        Map<String, Long> sizes = new TreeMap<>();
        rows(folder).forEach(row -> sizes.put(row[TAG] + " " + row[IOVA], Long.decode(row[SIZE])));
        return List.copyOf(sizes.values());
    }

    /** Leaves by StreamID, as {@code expected-mappings.csv} lists them. */
    static Map<Integer, Long> leaves(Path folder) throws IOException {
        return rows(folder).stream().collect(groupingBy(row -> hexInt(row[STREAM]), TreeMap::new, counting()));
    }

    /** Pages of 4 KiB by StreamID. */
    static Map<Integer, Long> pages(Path folder) throws IOException {
        return rows(folder).stream()
                .collect(groupingBy(
                        row -> hexInt(row[STREAM]), TreeMap::new, summingLong(row -> Long.decode(row[SIZE]) / 4096)));
    }

    private static List<String[]> rows(Path folder) throws IOException {
        Path file = file(folder).orElseThrow();
        try (InputStream bytes = Files.newInputStream(file);
                InputStream plain = file.toString().endsWith(".gz") ? new GZIPInputStream(bytes) : bytes) {
            return new String(plain.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .skip(1)
                    .filter(line -> !line.isBlank())
                    .map(line -> line.split(","))
                    .toList();
        }
    }

    /** The list of leaves, plain or packed. */
    private static Optional<Path> file(Path folder) {
        return Stream.of(EXPECTED, EXPECTED + ".gz")
                .map(folder::resolve)
                .filter(Files::exists)
                .findFirst();
    }

    private static int hexInt(String text) {
        return Integer.decode(text);
    }
}
