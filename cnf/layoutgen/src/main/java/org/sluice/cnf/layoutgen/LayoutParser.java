package org.sluice.cnf.layoutgen;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads one layout file. A line is a directive ({@code class Name}), a field ({@code 3:1 Config field what it is}), a value of the
 * field above it ({@code = 5 S1_TRANSLATE}), empty, or a comment ({@code # ...}).
 */
final class LayoutParser {
    private static final Pattern FIELD = Pattern.compile("(\\d+)(?::(\\d+))?\\s+(\\S+)\\s+(\\S+)(?:\\s+(.*))?");
    private static final Pattern VALUE = Pattern.compile("=\\s*(\\S+)\\s+(\\w+)(?:\\s+(.*))?");
    private static final Set<String> DIRECTIVES = Set.of(
            "class",
            "bits",
            "about",
            "source",
            "unsourced",
            "opcode",
            "id",
            "offset",
            "page",
            "access",
            "guard",
            "reset");
    private static final Set<String> REPEATABLE = Set.of("source", "unsourced");

    private final String origin;
    private final Map<String, List<String>> directives = new LinkedHashMap<>();
    private final List<FieldLine> fields = new ArrayList<>();
    private final List<NamedValue> values = new ArrayList<>();
    private Kind kind;
    private String name;
    private int lineNumber;

    private LayoutParser(String origin) {
        this.origin = origin;
    }

    /**
     * @param origin file name for messages
     * @throws LayoutException at the first line that cannot be read
     */
    static LayoutFile parse(String origin, String text) {
        return new LayoutParser(origin).parse(text);
    }

    private LayoutFile parse(String text) {
        text.lines().forEach(this::line);
        if (kind == null) {
            throw new LayoutException(origin + ": says neither structure, command, event, register nor encoding");
        }
        return new LayoutFile(origin, kind, name, directives, List.copyOf(fields), List.copyOf(values));
    }

    private void line(String raw) {
        lineNumber++;
        String line = raw.strip();
        if (line.isEmpty() || line.startsWith("#")) {
            return;
        }
        if (line.startsWith("=")) {
            value(line);
        } else if (Character.isDigit(line.charAt(0))) {
            field(line);
        } else {
            directive(line);
        }
    }

    private void directive(String line) {
        String[] parts = line.split("\\s+", 2);
        if (parts.length < 2) {
            throw wrong("directive without a value: " + line);
        }
        if (Kind.of(parts[0]).isPresent()) {
            if (kind != null) {
                throw wrong("a second " + parts[0] + " in one file");
            }
            kind = Kind.of(parts[0]).get();
            name = parts[1];
            return;
        }
        if (!DIRECTIVES.contains(parts[0])) {
            throw wrong("unknown directive: " + parts[0]);
        }
        if (directives.containsKey(parts[0]) && !REPEATABLE.contains(parts[0])) {
            throw wrong("a second " + parts[0]);
        }
        directives.computeIfAbsent(parts[0], k -> new ArrayList<>()).add(parts[1]);
    }

    private void field(String line) {
        Matcher m = FIELD.matcher(line);
        if (!m.matches()) {
            throw wrong("a field is \"msb:lsb name kind [text]\", not: " + line);
        }
        int msb = Integer.parseInt(m.group(1));
        int lsb = m.group(2) == null ? msb : Integer.parseInt(m.group(2));
        FieldKind fieldKind = FieldKind.of(m.group(4)).orElseThrow(() -> wrong("unknown kind of field: " + m.group(4)));
        if (msb < lsb) {
            throw wrong("%s %d:%d has its bounds swapped".formatted(m.group(3), msb, lsb));
        }
        if (msb / Long.SIZE != lsb / Long.SIZE) {
            throw wrong("%s %d:%d crosses a 64-bit word".formatted(m.group(3), msb, lsb));
        }
        if (fieldKind.isNamed() == m.group(3).equals("-")) {
            throw wrong("%s needs %s".formatted(m.group(4), fieldKind.isNamed() ? "a name" : "\"-\" for its name"));
        }
        fields.add(new FieldLine(msb, lsb, m.group(3), fieldKind, text(m.group(5)), new ArrayList<>()));
    }

    private void value(String line) {
        Matcher m = VALUE.matcher(line);
        if (!m.matches()) {
            throw wrong("a value is \"= number NAME [text]\", not: " + line);
        }
        NamedValue value;
        try {
            value = new NamedValue(Long.decode(m.group(1)), m.group(2), text(m.group(3)));
        } catch (NumberFormatException e) {
            throw wrong(m.group(1) + " is no number");
        }
        if (kind == Kind.ENCODING) {
            values.add(value);
        } else if (fields.isEmpty()) {
            throw wrong("value " + value.name() + " before any field");
        } else {
            fields.get(fields.size() - 1).values().add(value);
        }
    }

    private LayoutException wrong(String problem) {
        return new LayoutException("%s:%d: %s".formatted(origin, lineNumber, problem));
    }

    private static String text(String group) {
        return group == null ? "" : group;
    }
}
