package org.sluice.layout;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The layout of a structure or register. Immutable, for any thread.
 *
 * @param bits size; every bit belongs to exactly one field that is no view
 * @param fields in ascending order
 * @param sources what was read to write the layout down
 */
public record Layout(String name, int bits, String about, List<String> sources, List<Field> fields) {
    public Layout {
        sources = List.copyOf(sources);
        fields = List.copyOf(fields);
    }

    /** Size in 64-bit words; a 32-bit register occupies the low half of one. */
    public int words() {
        return (bits + Long.SIZE - 1) / Long.SIZE;
    }

    /** The field that the manual names so. */
    public Optional<Field> field(String fieldName) {
        return fields.stream().filter(field -> field.name().equals(fieldName)).findFirst();
    }

    /** Every named field with its value, for printers. */
    public List<FieldValue> values(long[] words, int at) {
        Objects.checkFromIndexSize(at, words(), words.length);
        List<FieldValue> values = new ArrayList<>();
        for (Field field : fields) {
            if (field.kind().isNamed()) {
                values.add(new FieldValue(field, field.value(words[at + field.word()])));
            }
        }
        return values;
    }

    /**
     * One line: the name, then each field that is not 0. Reserved bits that are set are shown too, by their positions. Never fails on
     * what the words hold.
     *
     * @param at index of the structure's first word
     */
    public String describe(long[] words, int at) {
        Objects.checkFromIndexSize(at, words(), words.length);
        StringBuilder line = new StringBuilder(name);
        for (Field field : fields) {
            long value = field.value(words[at + field.word()]);
            if (value != 0 && field.kind() != FieldKind.VIEW) {
                String label = field.kind().isNamed() ? field.name() : field.kind() + "[" + field.range() + "]";
                line.append(' ').append(label).append('=').append(field.text(value));
            }
        }
        return line.toString();
    }
}
