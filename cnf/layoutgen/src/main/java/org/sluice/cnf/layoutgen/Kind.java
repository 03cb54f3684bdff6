package org.sluice.cnf.layoutgen;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What a layout file describes: its first directive. */
enum Kind {
    STRUCTURE,
    COMMAND("opcode"),
    EVENT("id"),
    REGISTER("offset", "page", "access", "reset"),
    ENCODING;

    /** Directives that a file of this kind must have beside the common ones. */
    final List<String> required;

    Kind(String... required) {
        this.required = List.of(required);
    }

    String directive() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Kind> of(String directive) {
        return Stream.of(values()).filter(k -> k.directive().equals(directive)).findFirst();
    }
}
