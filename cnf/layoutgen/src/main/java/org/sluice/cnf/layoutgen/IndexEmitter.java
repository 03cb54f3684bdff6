package org.sluice.cnf.layoutgen;

import java.util.Comparator;
import java.util.List;

/** Classes that find a structure by its number: commands, events and registers. */
final class IndexEmitter {
    private IndexEmitter() {}

    /** Commands or events by number; the directive is the one that holds the number. */
    static String numbers(
            String className, String subject, String directive, List<LayoutFile> files, String packageName) {
        List<LayoutFile> sorted = files.stream()
                .sorted(Comparator.comparingLong(f -> f.number(directive)))
                .toList();
        List<String> imports = List.of("java.util.Optional", "org.sluice.layout.Layout");
        Text out = new Text();
        HeaderEmitter.file("the layout files of " + subject + "s", packageName, imports, out);
        out.doc("%s numbers: names and layouts.".formatted(JavaNames.capitalized(subject)));
        out.open("public final class " + className);
        for (LayoutFile file : sorted) {
            out.line("public static final int %s = 0x%02x;", file.name(), file.number(directive));
        }
        out.blank().line("private %s() {}", className).blank();
        out.doc("The %s's name, {@code reserved(0x..)} if the number has none.".formatted(subject));
        out.open("public static String name(int number)").open("return switch (number)");
        sorted.forEach(f -> out.line("case %s -> \"%s\";", f.name(), f.name()));
        out.line("default -> \"reserved(0x%02x)\".formatted(number);");
        out.close("};").close().blank();
        out.doc("The %s's layout, empty if the number has none.".formatted(subject));
        out.open("public static Optional<Layout> layout(int number)").open("return switch (number)");
        sorted.forEach(f -> out.line("case %s -> Optional.of(%s.LAYOUT);", f.name(), f.className()));
        out.line("default -> Optional.empty();");
        return out.close("};").close().close().toString();
    }

    /** All registers, in order of their addresses. */
    static String registers(List<LayoutFile> files, String packageName) {
        List<String> registers = files.stream()
                .sorted(Comparator.comparingLong((LayoutFile f) -> f.number("page"))
                        .thenComparingLong(f -> f.number("offset")))
                .map(f -> f.className() + ".REGISTER")
                .toList();
        List<String> imports = List.of("java.util.List", "org.sluice.layout.Register");
        Text out = new Text();
        HeaderEmitter.file("the layout files of registers", packageName, imports, out);
        out.doc("The register file.").open("public final class Registers");
        out.doc("Every register, in order of the addresses.");
        out.line("public static final List<Register> ALL = List.of(").list(registers, ");");
        out.blank().line("private Registers() {}");
        return out.close().toString();
    }
}
