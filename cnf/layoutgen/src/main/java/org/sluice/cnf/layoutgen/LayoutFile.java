package org.sluice.cnf.layoutgen;

import java.util.List;
import java.util.Map;

/**
 * A parsed layout file.
 *
 * @param origin file name, for messages and for the generated header
 * @param directives directive to its values, in order; those that come once have one
 * @param fields in ascending order of the file; empty for an encoding
 * @param values an encoding's values; empty for everything else
 */
record LayoutFile(
        String origin,
        Kind kind,
        String name,
        Map<String, List<String>> directives,
        List<FieldLine> fields,
        List<NamedValue> values) {

    boolean has(String directive) {
        return directives.containsKey(directive);
    }

    List<String> all(String directive) {
        return directives.getOrDefault(directive, List.of());
    }

    /** The directive's value, or an empty text. */
    String text(String directive) {
        return has(directive) ? all(directive).get(0) : "";
    }

    long number(String directive) {
        try {
            return Long.decode(text(directive));
        } catch (NumberFormatException e) {
            throw new LayoutException(
                    "%s: %s is \"%s\", which is no number".formatted(origin, directive, text(directive)));
        }
    }

    String className() {
        return text("class");
    }

    int bits() {
        return (int) number("bits");
    }

    int words() {
        return (bits() + Long.SIZE - 1) / Long.SIZE;
    }

    List<FieldLine> namedFields() {
        return fields.stream().filter(f -> f.kind().isNamed()).toList();
    }

    boolean resetStated() {
        return !text("reset").equals("unknown");
    }

    /** Value after reset; 0 where it is not stated. */
    long reset() {
        return resetStated() ? number("reset") : 0;
    }

    /** How generated code names the 64-bit word that holds a field. */
    String wordOf(FieldLine field) {
        if (kind == Kind.REGISTER) {
            return "register";
        }
        return words() == 1 ? "word" : "word" + field.word();
    }
}
