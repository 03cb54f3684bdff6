package org.sluice.cnf.layoutgen;

import java.util.Optional;
import java.util.stream.Stream;

/** The kinds of a field line, as the layout files spell them and as {@code org.sluice.layout.FieldKind} names them. */
enum FieldKind {
    FIELD("field"),
    NUMBER("number"),
    ADDRESS("address"),
    RES0("RES0"),
    IMPDEF("IMPDEF"),
    SW("SW"),
    UNSTATED("unstated"),
    VIEW("view");

    final String spelling;

    FieldKind(String spelling) {
        this.spelling = spelling;
    }

    boolean isNamed() {
        return this != RES0 && this != UNSTATED;
    }

    /** Whether the line claims its bits; a view reads bits that others claim. */
    boolean claims() {
        return this != VIEW;
    }

    static Optional<FieldKind> of(String spelling) {
        return Stream.of(values()).filter(k -> k.spelling.equals(spelling)).findFirst();
    }
}
