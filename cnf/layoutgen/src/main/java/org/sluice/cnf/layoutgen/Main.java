package org.sluice.cnf.layoutgen;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Stream;

/** Writes the sources of one package: {@code Main <layout folder> <source root> <package>}. */
public final class Main {
    private Main() {}

    /** Sources whose layout file is gone are deleted. A problem in a layout file ends the program before anything is written. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 3) {
            throw new IllegalArgumentException(
                    "three arguments expected: layout folder, source root, package; got " + arguments.length);
        }
        String packageName = arguments[2];
        SortedMap<String, String> sources = new Generator(packageName).generate(Path.of(arguments[0]));
        Path folder = Path.of(arguments[1]).resolve(packageName.replace('.', '/'));
        Files.createDirectories(folder);
        try (Stream<Path> old = Files.list(folder)) {
            for (Path path : old.filter(
                            p -> !sources.containsKey(p.getFileName().toString()))
                    .toList()) {
                Files.delete(path);
            }
        }
        for (Map.Entry<String, String> source : sources.entrySet()) {
            Files.writeString(folder.resolve(source.getKey()), source.getValue());
        }
    }
}
