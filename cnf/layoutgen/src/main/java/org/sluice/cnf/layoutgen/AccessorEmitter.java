package org.sluice.cnf.layoutgen;

import static org.sluice.cnf.layoutgen.Text.html;
import static org.sluice.cnf.layoutgen.Text.string;

/** The two methods of a field: the value that a word holds, and the word with another value. */
final class AccessorEmitter {
    private final LayoutFile file;
    private final Text out;

    AccessorEmitter(LayoutFile file, Text out) {
        this.file = file;
        this.out = out;
    }

    void field(FieldLine field) {
        getter(field);
        wither(field);
    }

    private void getter(FieldLine field) {
        String word = file.wordOf(field);
        String name = field.constant();
        String about = field.about().isEmpty() ? "" : ": " + field.about();
        out.doc(html("%s %s%s.".formatted(field.range(), field.name(), about)));
        out.open("public static long %s(long %s)".formatted(field.accessor(), word));
        if (field.kind() == FieldKind.ADDRESS) {
            out.line("return %s & %s_MASK;", word, name);
        } else {
            out.line("return (%s & %s_MASK) >>> %s_LSB;", word, name, name);
        }
        out.close().blank();
    }

    private void wither(FieldLine field) {
        boolean address = field.kind() == FieldKind.ADDRESS;
        String word = file.wordOf(field);
        String name = field.constant();
        String fullName = string(file.name() + "." + field.name());
        out.doc("The word with %s replaced; rejects %s."
                .formatted(
                        field.name(),
                        address ? "an address that is misaligned or too large" : "a value that does not fit"));
        out.open("public static long with%s(long %s, long %s)"
                .formatted(JavaNames.capitalized(field.accessor()), word, address ? "address" : "value"));
        if (address) {
            out.line("return Bits.insertAddress(%s, address, %s_MASK, %s);", word, name, fullName);
        } else {
            out.line("return Bits.insert(%s, value, %s_LSB, %s_MASK, %s);", word, name, name, fullName);
        }
        out.close().blank();
    }
}
