package org.sluice.cnf.layoutgen;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The checked-in sources of one package, beside the layout files that they are made from. */
public final class GeneratedCode {
    private final Path layouts;
    private final Path folder;
    private final String packageName;

    /**
     * @param layouts folder of the layout files
     * @param sourceRoot source root that holds nothing but generated code
     * @param packageName package of the generated classes
     */
    public GeneratedCode(Path layouts, Path sourceRoot, String packageName) {
        this.layouts = layouts;
        this.folder = sourceRoot.resolve(packageName.replace('.', '/'));
        this.packageName = packageName;
    }

    /**
     * Makes the sources equal to what the layout files say; deletes those whose layout file is gone.
     *
     * @throws LayoutException with every problem of every file, before anything is written
     */
    public void write() throws IOException {
        SortedMap<String, String> sources = new Generator(packageName).generate(layouts);
        Files.createDirectories(folder);
        for (String name : present()) {
            if (!sources.containsKey(name)) {
                Files.delete(folder.resolve(name));
            }
        }
        for (Map.Entry<String, String> source : sources.entrySet()) {
            Files.writeString(folder.resolve(source.getKey()), source.getValue());
        }
    }

    /** The files that differ, byte by byte, from what {@link #write} would leave; with the reason. */
    public List<String> stale() throws IOException {
        SortedMap<String, String> sources = new Generator(packageName).generate(layouts);
        List<String> present = present();
        List<String> stale = new ArrayList<>();
        TreeSet<String> names = new TreeSet<>(sources.keySet());
        names.addAll(present);
        for (String name : names) {
            if (!sources.containsKey(name)) {
                stale.add(name + " has no layout file");
            } else if (!present.contains(name)) {
                stale.add(name + " is missing");
            } else if (!Files.readString(folder.resolve(name)).equals(sources.get(name))) {
                stale.add(name + " is not what its layout file makes now");
            }
        }
        return stale;
    }

    /**
     * Runs every accessor of the compiled classes against the bits that the layout files name, with arithmetic of its own.
     *
     * @param loader finds the compiled classes
     * @param seed of the random words
     * @return what an accessor did wrong
     */
    public List<String> wrongAccessors(ClassLoader loader, long seed) throws IOException, ReflectiveOperationException {
        List<String> wrong = new ArrayList<>();
        for (LayoutFile file : Generator.parse(layouts)) {
            if (file.kind() != Kind.ENCODING) {
                Class<?> generated = loader.loadClass(packageName + "." + file.className());
                wrong.addAll(new AccessorCheck(file, generated, seed).run());
            }
        }
        return wrong;
    }

    private List<String> present() throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }
}
