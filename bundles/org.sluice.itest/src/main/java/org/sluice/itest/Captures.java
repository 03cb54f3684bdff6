package org.sluice.itest;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.summingLong;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The captures that the tests replay, and what an independent walker found in them. */
final class Captures {
    private static final int STREAM = 0;
    private static final int SIZE = 6;

    private Captures() {}

    static List<Path> folders() throws IOException {
        try (var folders = Files.list(Path.of(Container.CONTEXT.getProperty("sluice.captures")))) {
            return folders.filter(folder -> Files.exists(folder.resolve("expected-mappings.csv")))
                    .sorted()
                    .toList();
        }
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
        return Files.readAllLines(folder.resolve("expected-mappings.csv")).stream()
                .skip(1)
                .map(line -> line.split(","))
                .toList();
    }

    private static int hexInt(String text) {
        return Integer.decode(text);
    }
}
