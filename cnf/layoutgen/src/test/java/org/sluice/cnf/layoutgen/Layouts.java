package org.sluice.cnf.layoutgen;

import java.util.List;

/** Small layouts for tests, sound or broken in one place. */
final class Layouts {
    static final String WIDGET = """
            structure WIDGET
            class     Widget
            bits      64
            source    a test

            0         V         field
            3:1       Mode      field     how it goes
                      = 0 OFF
                      = 5 FAST      as fast as it can
            11:4      -         RES0
            63:12     Base      address   where it is
            """;

    private Layouts() {}

    static LayoutFile widget() {
        return parse(WIDGET);
    }

    /** The widget with a text in its place replaced, which must be there. */
    static LayoutFile widgetWith(String old, String replacement) {
        if (!WIDGET.contains(old)) {
            throw new IllegalArgumentException("the widget has no " + old);
        }
        return parse(WIDGET.replace(old, replacement));
    }

    static LayoutFile parse(String text) {
        return LayoutParser.parse("widget.layout", text);
    }

    static List<String> problems(String old, String replacement) {
        return LayoutChecks.problems(widgetWith(old, replacement));
    }
}
