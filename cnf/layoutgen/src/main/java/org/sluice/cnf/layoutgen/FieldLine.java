package org.sluice.cnf.layoutgen;

import java.util.List;
import java.util.Locale;

/** A field line: {@code 3:1 Config field what it is}, with the value lines below it. */
record FieldLine(int msb, int lsb, String name, FieldKind kind, String about, List<NamedValue> values) {
    int word() {
        return lsb / Long.SIZE;
    }

    int lsbInWord() {
        return lsb % Long.SIZE;
    }

    int msbInWord() {
        return msb % Long.SIZE;
    }

    int width() {
        return msb - lsb + 1;
    }

    long mask() {
        return max() << lsbInWord();
    }

    /** The largest value, right-aligned. */
    long max() {
        return -1L >>> (Long.SIZE - width());
    }

    boolean covers(int bit) {
        return lsb <= bit && bit <= msb;
    }

    String constant() {
        return name.toUpperCase(Locale.ROOT);
    }

    String accessor() {
        return JavaNames.accessor(name);
    }

    String range() {
        return msb == lsb ? Integer.toString(lsb) : msb + ":" + lsb;
    }
}
