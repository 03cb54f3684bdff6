package org.sluice.shell;

/** Numbers as people type them. */
final class Numbers {
    private static final int HEX = 16;

    private Numbers() {}

    /** A decimal or, after 0x, hexadecimal number of up to 64 bits, unsigned; null if it is none. */
    static Long parse(String text) {
        try {
            return text.startsWith("0x")
                    ? Long.parseUnsignedLong(text.substring(2).replace("_", ""), HEX)
                    : Long.parseUnsignedLong(text);
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
