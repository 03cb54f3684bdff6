package org.sluice.layout;

/** A field and what it held. */
public record FieldValue(Field field, long value) {
    /** The value in words. */
    public String text() {
        return field.text(value);
    }
}
