package org.sluice.smmuv3.driver;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Tables of what a Linux kernel wrote, and what an SMMU recorded, in the test's resources. */
final class LinuxCapture {
    private LinuxCapture() {}

    /** One row, by the names of the first line. */
    record Row(List<String> names, List<String> cells) {
        String text(String name) {
            return cells.get(names.indexOf(name));
        }

        long number(String name) {
            String cell = text(name);
            return cell.startsWith("0x") ? Long.parseUnsignedLong(cell.substring(2), 16) : Long.parseLong(cell);
        }

        long[] words(int count) {
            long[] words = new long[count];
            for (int word = 0; word < count; word++) {
                words[word] = number("q" + word);
            }
            return words;
        }
    }

    static List<Row> read(String capture, String file) {
        String path = "/linux/" + capture + "/" + file;
        try (BufferedReader reader = new BufferedReader(
                new InputStreamReader(LinuxCapture.class.getResourceAsStream(path), StandardCharsets.UTF_8))) {
            List<String> names = Arrays.asList(reader.readLine().split(","));
            List<Row> rows = new ArrayList<>();
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                rows.add(new Row(names, Arrays.asList(line.split(","))));
            }
            return rows;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
