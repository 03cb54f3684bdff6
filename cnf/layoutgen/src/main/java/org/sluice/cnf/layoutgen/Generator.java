package org.sluice.cnf.layoutgen;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** From a folder of layout files to Java sources: parse, check, emit. The result depends on nothing but the files. */
public final class Generator {
    private final String packageName;

    /** @param packageName package of the generated classes */
    public Generator(String packageName) {
        this.packageName = packageName;
    }

    /**
     * The sources that the folder's {@code *.layout} files make.
     *
     * @return file name to text, in order of the names
     * @throws LayoutException with every problem of every file
     */
    public SortedMap<String, String> generate(Path layouts) throws IOException {
        return generate(parse(layouts));
    }

    static List<LayoutFile> parse(Path layouts) throws IOException {
        List<LayoutFile> files = new ArrayList<>();
        try (Stream<Path> paths = Files.list(layouts)) {
            for (Path path : paths.sorted().toList()) {
                if (path.toString().endsWith(".layout")) {
                    files.add(LayoutParser.parse(path.getFileName().toString(), Files.readString(path)));
                }
            }
        }
        return files;
    }

    SortedMap<String, String> generate(List<LayoutFile> files) {
        List<String> problems = new ArrayList<>();
        files.forEach(file -> problems.addAll(LayoutChecks.problems(file)));
        if (problems.isEmpty()) {
            problems.addAll(LayoutSetChecks.problems(files));
        }
        if (!problems.isEmpty()) {
            throw new LayoutException(problems);
        }
        SortedMap<String, String> sources = new TreeMap<>();
        for (LayoutFile file : files) {
            String source = file.kind() == Kind.ENCODING
                    ? EncodingEmitter.emit(file, packageName)
                    : StructureEmitter.emit(file, packageName);
            sources.put(file.className() + ".java", source);
        }
        List<LayoutFile> commands = of(Kind.COMMAND, files);
        if (!commands.isEmpty()) {
            sources.put("Opcode.java", IndexEmitter.numbers("Opcode", "command", "opcode", commands, packageName));
        }
        List<LayoutFile> events = of(Kind.EVENT, files);
        if (!events.isEmpty()) {
            sources.put("EventId.java", IndexEmitter.numbers("EventId", "event", "id", events, packageName));
        }
        List<LayoutFile> registers = of(Kind.REGISTER, files);
        if (!registers.isEmpty()) {
            sources.put("Registers.java", IndexEmitter.registers(registers, packageName));
        }
        return sources;
    }

    private static List<LayoutFile> of(Kind kind, List<LayoutFile> files) {
        return files.stream().filter(f -> f.kind() == kind).toList();
    }
}
