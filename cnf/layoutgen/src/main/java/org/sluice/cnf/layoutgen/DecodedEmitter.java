package org.sluice.cnf.layoutgen;

import java.util.List;

/** The record of all fields by name, and the methods that fill it. */
final class DecodedEmitter {
    private final LayoutFile file;
    private final List<FieldLine> fields;
    private final Text out;

    DecodedEmitter(LayoutFile file, Text out) {
        this.file = file;
        this.fields = file.namedFields().stream().filter(f -> f.kind().claims()).toList();
        this.out = out;
    }

    void emit() {
        if (fields.isEmpty()) {
            return;
        }
        out.doc("Every field by name, for display; addresses are in place, everything else is right-aligned.");
        out.line("public record Decoded(");
        out.list(fields.stream().map(f -> "long " + f.accessor()).toList(), ") {}");
        out.blank();
        if (file.words() == 1) {
            ofWord();
        } else {
            ofWords();
        }
    }

    private void ofWord() {
        out.doc("The fields of a word.");
        out.open("public static Decoded decode(long %s)".formatted(file.wordOf(fields.get(0))));
        construct();
        out.close().blank();
        out.doc("The fields of the word at an index.");
        out.open("public static Decoded decode(long[] words, int at)");
        out.line("return decode(words[at]);");
        out.close().blank();
    }

    private void ofWords() {
        out.doc("The fields of the structure that starts at the first word.");
        out.open("public static Decoded decode(long... words)");
        out.line("return decode(words, 0);");
        out.close().blank();
        out.doc("The fields of the structure that starts at an index.");
        out.open("public static Decoded decode(long[] words, int at)");
        out.line("Objects.checkFromIndexSize(at, WORDS, words.length);");
        fields.stream()
                .mapToInt(FieldLine::word)
                .distinct()
                .forEach(w -> out.line("long word%d = words[at%s];", w, w == 0 ? "" : " + " + w));
        construct();
        out.close().blank();
    }

    private void construct() {
        out.line("return new Decoded(");
        out.list(
                fields.stream()
                        .map(f -> "%s(%s)".formatted(f.accessor(), file.wordOf(f)))
                        .toList(),
                ");");
    }
}
