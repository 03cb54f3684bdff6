package org.sluice.cnf.layoutgen;

import java.util.List;

/** The class of an encoding: a constant for each value, and names by number. */
final class EncodingEmitter {
    private EncodingEmitter() {}

    static String emit(LayoutFile file, String packageName) {
        Text out = new Text();
        HeaderEmitter.file(file.origin(), packageName, List.of(), out);
        HeaderEmitter.classDoc(file, out);
        out.open("public final class " + file.className());
        file.values().forEach(value -> ConstantEmitter.value("", value, out));
        out.blank().line("private %s() {}", file.className()).blank();
        out.doc("The name of a value, {@code reserved(0x..)} if it has none.");
        out.open("public static String name(long value)");
        for (NamedValue value : file.values()) {
            out.open("if (value == %s)".formatted(value.name()));
            out.line("return %s;", Text.string(value.name())).close();
        }
        out.line("return \"reserved(0x%x)\".formatted(value);");
        return out.close().close().toString();
    }
}
