package org.sluice.cnf.layoutgen;

import java.util.List;
import java.util.stream.Collectors;

/** Text of a generated class: lines at an indentation, and literals. */
final class Text {
    private final StringBuilder text = new StringBuilder();
    private int depth;

    /** A line at the current depth. */
    Text line(String line) {
        text.append(line.isEmpty() ? "" : "    ".repeat(depth)).append(line).append('\n');
        return this;
    }

    Text line(String format, Object... arguments) {
        return line(format.formatted(arguments));
    }

    /** A line that ends in a brace; what follows is one deeper. */
    Text open(String line) {
        line(line + " {");
        depth++;
        return this;
    }

    Text close() {
        return close("}");
    }

    Text close(String line) {
        depth--;
        return line(line);
    }

    Text deeper(int levels) {
        depth += levels;
        return this;
    }

    Text blank() {
        return line("");
    }

    /** Javadoc; one line if there is one. */
    Text doc(List<String> lines) {
        if (lines.size() == 1) {
            return line("/** " + lines.get(0) + " */");
        }
        line("/**");
        lines.forEach(l -> line(l.isEmpty() ? " *" : " * " + l));
        return line(" */");
    }

    Text doc(String line) {
        return doc(List.of(line));
    }

    @Override
    public String toString() {
        return text.toString();
    }

    static String html(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("@", "&#64;");
    }

    static String string(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    static String strings(List<String> texts) {
        return texts.stream().map(Text::string).collect(Collectors.joining(", "));
    }

    static String hex(long value) {
        return "0x%xL".formatted(value);
    }
}
