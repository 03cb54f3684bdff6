package org.sluice.board.base;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.MemoryRegion;

/** Values of a configuration, with errors that name the property. */
public final class Properties {
    private Properties() {}

    public static IommuException invalid(String property, Object value, String limit) {
        return new IommuException(Errno.EINVAL, property + " is '" + value + "': " + limit);
    }

    /** A list of strings, however the configuration spelled it: an array, a collection, one string, or nothing. */
    public static List<String> strings(Object value) {
        if (value == null) {
            return List.of();
        }
        if (value instanceof Object[] array) {
            return Arrays.stream(array).map(String::valueOf).toList();
        }
        if (value instanceof Collection<?> collection) {
            return collection.stream().map(String::valueOf).toList();
        }
        return List.of(value.toString());
    }

    /** {@code base+size}, each decimal or hexadecimal with 0x. */
    public static MemoryRegion region(String property, String value) {
        int plus = value.indexOf('+');
        if (plus < 0) {
            throw invalid(property, value, "it must be base+size, e.g. 0x40000000+0x10000000");
        }
        long base = number(property, value.substring(0, plus));
        return new MemoryRegion(base, number(property, value.substring(plus + 1)));
    }

    /** An unsigned number, decimal or hexadecimal with 0x. */
    public static long number(String property, String value) {
        String digits = value.trim();
        try {
            return digits.startsWith("0x")
                    ? Long.parseUnsignedLong(digits.substring(2), 16)
                    : Long.parseUnsignedLong(digits);
        } catch (NumberFormatException e) {
            throw invalid(property, value, "it must be a number, decimal or hexadecimal with 0x");
        }
    }

    /** A number with a limit. */
    public static int number(String property, String value, long min, long max) {
        long number = number(property, value);
        if (number < min || number > max) {
            throw invalid(property, value, "it must be from " + min + " to " + max);
        }
        return (int) number;
    }
}
