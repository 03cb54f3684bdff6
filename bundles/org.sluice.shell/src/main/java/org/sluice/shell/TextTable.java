package org.sluice.shell;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Help;

/** A table that is as wide as its cells; picocli lays it out. */
final class TextTable {
    private static final int GAP = 2;

    private final List<String[]> rows = new ArrayList<>();

    TextTable(String... headings) {
        rows.add(headings);
    }

    void row(Object... cells) {
        rows.add(Arrays.stream(cells).map(String::valueOf).toArray(String[]::new));
    }

    boolean isEmpty() {
        return rows.size() == 1;
    }

    void print(PrintStream out) {
        Help.ColorScheme plain = Help.defaultColorScheme(Help.Ansi.OFF);
        Help.Column[] columns = new Help.Column[rows.get(0).length];
        for (int column = 0; column < columns.length; column++) {
            int at = column;
            int width = rows.stream().mapToInt(row -> row[at].length()).max().orElse(0);
            columns[column] = new Help.Column(width + GAP, GAP, Help.Column.Overflow.TRUNCATE);
        }
        Help.TextTable table = Help.TextTable.forColumns(plain, columns);
        rows.forEach(row -> table.addRowValues(
                Arrays.stream(row).map(cell -> cell.isEmpty() ? "-" : cell).toArray(String[]::new)));
        out.print(table);
    }
}
