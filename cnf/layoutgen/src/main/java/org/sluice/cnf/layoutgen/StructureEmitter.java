package org.sluice.cnf.layoutgen;

import java.util.List;
import java.util.stream.Stream;

/** The class of a structure, command, event or register: constants, accessors, a decoded record, metadata. */
final class StructureEmitter {
    private StructureEmitter() {}

    static String emit(LayoutFile file, String packageName) {
        Text out = new Text();
        HeaderEmitter.file(file.origin(), packageName, imports(file), out);
        HeaderEmitter.classDoc(file, out);
        out.open("public final class " + file.className());

        ConstantEmitter constants = new ConstantEmitter(file, out);
        constants.identity();
        file.namedFields().forEach(constants::field);
        MetadataEmitter metadata = new MetadataEmitter(file, out);
        metadata.layout();
        if (file.kind() == Kind.REGISTER) {
            metadata.register();
        }
        out.blank().line("private %s() {}", file.className()).blank();

        file.namedFields().forEach(new AccessorEmitter(file, out)::field);
        new DecodedEmitter(file, out).emit();
        metadata.fields();
        return out.close().toString();
    }

    private static List<String> imports(LayoutFile file) {
        boolean register = file.kind() == Kind.REGISTER;
        boolean named = !file.namedFields().isEmpty();
        boolean values = file.fields().stream().anyMatch(f -> !f.values().isEmpty());
        return Stream.of(
                        "java.util.List",
                        named && file.words() > 1 ? "java.util.Objects" : "",
                        register ? "org.sluice.layout.Access" : "",
                        named ? "org.sluice.layout.Bits" : "",
                        values ? "org.sluice.layout.EnumValue" : "",
                        "org.sluice.layout.Field",
                        "org.sluice.layout.FieldKind",
                        "org.sluice.layout.Layout",
                        register ? "org.sluice.layout.Register" : "")
                .filter(name -> !name.isEmpty())
                .toList();
    }
}
