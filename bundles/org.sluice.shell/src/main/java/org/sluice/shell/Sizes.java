package org.sluice.shell;

/** Sizes for people. */
final class Sizes {
    private static final String UNITS = "KMGTPE";

    private Sizes() {}

    /** Bytes in the largest unit that is exact or leaves one decimal: {@code 4 KiB}, {@code 5.1 MiB}. */
    static String bytes(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < UNITS.length() - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(value == Math.rint(value) ? "%.0f %ciB" : "%.1f %ciB", value, UNITS.charAt(unit));
    }
}
