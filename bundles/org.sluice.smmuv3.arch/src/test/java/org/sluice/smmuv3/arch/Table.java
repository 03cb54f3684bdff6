package org.sluice.smmuv3.arch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Rows of a table among the test resources, column name to text; lines that start with # are comments. */
final class Table {
    private Table() {}

    static List<Map<String, String>> rows(String resource) {
        String separator = resource.endsWith(".tsv") ? "\t" : ",";
        List<String[]> lines = new ArrayList<>();
        try (InputStream in = Table.class.getResourceAsStream(resource)) {
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .forEach(line -> lines.add(line.split(separator, -1)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String[] names = lines.get(0);
        List<Map<String, String>> rows = new ArrayList<>();
        for (String[] cells : lines.subList(1, lines.size())) {
            Map<String, String> row = new LinkedHashMap<>();
            for (int i = 0; i < names.length; i++) {
                row.put(names[i], cells[i]);
            }
            rows.add(row);
        }
        return rows;
    }

    /** The columns q0, q1 and so on. */
    static long[] words(Map<String, String> row) {
        return IntStream.iterate(0, i -> row.containsKey("q" + i), i -> i + 1)
                .mapToLong(i -> number(row.get("q" + i)))
                .toArray();
    }

    /** A decimal number, or an unsigned hexadecimal one with 0x. */
    static long number(String text) {
        return text.startsWith("0x") ? Long.parseUnsignedLong(text.substring(2), 16) : Long.parseLong(text);
    }
}
