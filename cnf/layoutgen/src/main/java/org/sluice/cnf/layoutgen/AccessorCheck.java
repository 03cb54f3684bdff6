package org.sluice.cnf.layoutgen;

import java.lang.reflect.InvocationTargetException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Calls the accessors of a generated class. What they must do follows from the layout file alone, bit by bit in {@link BigInteger}, so
 * that a wrong mask or shift of the emitter cannot hide behind itself.
 */
final class AccessorCheck {
    private static final int ROUNDS = 16;

    private final LayoutFile file;
    private final Class<?> generated;
    private final Random random;
    private final List<String> wrong = new ArrayList<>();

    AccessorCheck(LayoutFile file, Class<?> generated, long seed) {
        this.file = file;
        this.generated = generated;
        this.random = new Random(seed);
    }

    List<String> run() throws ReflectiveOperationException {
        for (FieldLine field : file.namedFields()) {
            for (int round = 0; round < ROUNDS; round++) {
                long word = random.nextLong();
                long bits = random.nextLong() & field.max();
                long value = field.kind() == FieldKind.ADDRESS ? bits << field.lsbInWord() : bits;
                getter(field, word);
                wither(field, word, bits, value);
                rejects(field, word);
            }
        }
        decoded();
        return wrong;
    }

    /** The record has, in each field's place, what the field's own word holds. */
    private void decoded() throws ReflectiveOperationException {
        int at = 1;
        long[] words = random.longs(at + file.words()).toArray();
        Object record = null;
        for (FieldLine field : file.namedFields()) {
            if (field.kind().claims()) {
                if (record == null) {
                    record = generated
                            .getMethod("decode", long[].class, int.class)
                            .invoke(null, words, at);
                }
                long word = words[at + field.word()];
                long actual =
                        (long) record.getClass().getMethod(field.accessor()).invoke(record);
                expect(field, "decodes", word, bitsOf(field, word), actual);
            }
        }
    }

    private void getter(FieldLine field, long word) throws ReflectiveOperationException {
        long actual = (long) generated.getMethod(field.accessor(), long.class).invoke(null, word);
        expect(field, "reads", word, bitsOf(field, word), actual);
    }

    private static BigInteger bitsOf(FieldLine field, long word) {
        BigInteger value = BigInteger.ZERO;
        for (int bit = field.lsb(); bit <= field.msb(); bit++) {
            if (unsigned(word).testBit(bit % Long.SIZE)) {
                value = value.setBit(field.kind() == FieldKind.ADDRESS ? bit % Long.SIZE : bit - field.lsb());
            }
        }
        return value;
    }

    private void wither(FieldLine field, long word, long bits, long value) throws ReflectiveOperationException {
        BigInteger expected = unsigned(word);
        for (int i = 0; i < field.width(); i++) {
            int bit = (field.lsb() + i) % Long.SIZE;
            expected = unsigned(bits).testBit(i) ? expected.setBit(bit) : expected.clearBit(bit);
        }
        expect(field, "writes", word, expected, with(field, word, value));
    }

    /** A value one bit too wide, and an address one bit too low, are refused in words that name the field. */
    private void rejects(FieldLine field, long word) throws ReflectiveOperationException {
        boolean address = field.kind() == FieldKind.ADDRESS;
        if (field.width() < Long.SIZE && (!address || field.msbInWord() < Long.SIZE - 1)) {
            refuses(field, word, 1L << (address ? field.msbInWord() + 1 : field.width()));
        }
        if (address && field.lsbInWord() > 0) {
            refuses(field, word, 1L << (field.lsbInWord() - 1));
        }
    }

    private void refuses(FieldLine field, long word, long value) throws ReflectiveOperationException {
        String where = "%s.%s accepts 0x%x".formatted(file.className(), field.accessor(), value);
        try {
            with(field, word, value);
            wrong.add(where);
        } catch (InvocationTargetException e) {
            String message = String.valueOf(e.getCause().getMessage());
            if (!(e.getCause() instanceof IllegalArgumentException)
                    || !message.contains(file.name() + "." + field.name())
                    || !message.contains("0x%x".formatted(value))) {
                wrong.add("%s refuses 0x%x in these words: %s".formatted(where, value, e.getCause()));
            }
        }
    }

    private long with(FieldLine field, long word, long value) throws ReflectiveOperationException {
        String name = "with" + JavaNames.capitalized(field.accessor());
        return (long) generated.getMethod(name, long.class, long.class).invoke(null, word, value);
    }

    private void expect(FieldLine field, String verb, long word, BigInteger expected, long actual) {
        if (!expected.equals(unsigned(actual))) {
            wrong.add("%s.%s %s 0x%x where the word is 0x%x, not 0x%x"
                    .formatted(file.className(), field.accessor(), verb, actual, word, expected));
        }
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }
}
