package org.sluice.cnf.layoutgen;

import java.util.List;

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

    Text blank() {
        return line("");
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

    /** Arguments or components that continue the line before: one a line, then the end. An item may have lines of its own. */
    Text list(List<String> items, String end) {
        depth += 2;
        for (int i = 0; i < items.size(); i++) {
            String item = items.get(i) + (i + 1 < items.size() ? "," : end);
            item.lines().forEach(this::line);
        }
        depth -= 2;
        return this;
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

    /** A {@code long} literal; digits need no prefix. */
    static String hex(long value) {
        return value >= 0 && value < 10 ? Long.toString(value) : "0x%xL".formatted(value);
    }
}
