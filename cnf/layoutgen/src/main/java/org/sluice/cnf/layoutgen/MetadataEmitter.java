package org.sluice.cnf.layoutgen;

import static org.sluice.cnf.layoutgen.Text.string;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The layout, and of a register its place, as data for printers and validators. */
final class MetadataEmitter {
    private final LayoutFile file;
    private final Text out;

    MetadataEmitter(LayoutFile file, Text out) {
        this.file = file;
        this.out = out;
    }

    void layout() {
        out.doc("The layout as data.");
        out.line("public static final Layout LAYOUT = new Layout(");
        String sources =
                file.all("source").stream().map(s -> "\n        " + string(s)).collect(Collectors.joining(","));
        out.list(
                List.of(
                        string(file.name()),
                        Integer.toString(file.bits()),
                        string(file.text("about")),
                        "List.of(" + sources + ")",
                        "fields()"),
                ");");
    }

    /** A method of its own: the field list would drown what stands beside it. */
    void fields() {
        out.open("private static List<Field> fields()");
        out.line("return List.of(");
        out.list(file.fields().stream().map(MetadataEmitter::field).toList(), ");");
        out.close();
    }

    private static String field(FieldLine field) {
        String values = field.values().stream()
                .map(v -> "\n        new EnumValue(%s_%s, %s, %s)"
                        .formatted(field.constant(), v.name(), string(v.name()), string(v.about())))
                .collect(Collectors.joining(","));
        return "new Field(%s, %d, %d, FieldKind.%s, %s, List.of(%s))"
                .formatted(string(field.name()), field.msb(), field.lsb(), field.kind(), string(field.about()), values);
    }

    void register() {
        out.blank().doc("The register as data.");
        out.line("public static final Register REGISTER = new Register(");
        out.list(
                List.of(
                        "LAYOUT",
                        "PAGE",
                        "OFFSET",
                        "Access." + file.text("access").toUpperCase(Locale.ROOT),
                        string(file.text("guard")),
                        "RESET",
                        Boolean.toString(file.resetStated())),
                ");");
    }
}
