package org.sluice.layout;

import java.util.List;

/**
 * A run of bits of a structure, within one 64-bit word.
 *
 * @param name as the manual spells it; {@code -} for reserved bits
 * @param msb highest bit, counted from the structure's start
 * @param lsb lowest bit, counted from the structure's start
 * @param values named values; empty for plain numbers
 */
public record Field(String name, int msb, int lsb, FieldKind kind, String about, List<EnumValue> values) {
    public Field {
        values = List.copyOf(values);
    }

    /** The 64-bit word that holds the field. */
    public int word() {
        return lsb / Long.SIZE;
    }

    /** The field's bits in place, in that word. A shift by {@code lsb} is one by its place in the word: Java takes it modulo 64. */
    public long mask() {
        return -1L >>> (Long.SIZE - 1 - (msb - lsb)) << lsb;
    }

    /**
     * The field's value: right-aligned, except that an address stays in place.
     *
     * @param word the 64-bit word that holds the field
     */
    public long value(long word) {
        long inPlace = word & mask();
        return kind == FieldKind.ADDRESS ? inPlace : inPlace >>> lsb;
    }

    /** The value in words: its name, {@code reserved(n)} if the architecture gives it none, or the number. */
    public String text(long value) {
        for (EnumValue named : values) {
            if (named.value() == value) {
                return named.name();
            }
        }
        if (kind != FieldKind.NUMBER && !values.isEmpty()) {
            return "reserved(" + Long.toUnsignedString(value) + ")";
        }
        boolean small = kind != FieldKind.ADDRESS && msb - lsb < Byte.SIZE;
        return small ? Long.toString(value) : "0x" + Long.toHexString(value);
    }

    /** {@code 3:1}, or {@code 0} for a single bit. */
    public String range() {
        return msb == lsb ? Integer.toString(lsb) : msb + ":" + lsb;
    }
}
