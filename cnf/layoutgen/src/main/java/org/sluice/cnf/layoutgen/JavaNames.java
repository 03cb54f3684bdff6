package org.sluice.cnf.layoutgen;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Java names for the manual's names. */
final class JavaNames {
    private static final Pattern LEADING_CAPITALS = Pattern.compile("^[A-Z0-9]+");

    private JavaNames() {}

    /**
     * Underscores become camel case; a part in capitals becomes lower case ({@code S2T0SZ}: {@code s2t0sz}); of the capitals that lead a
     * mixed name, all but the start of the next word do ({@code PRGIndex}: {@code prgIndex}, {@code PnU}: {@code pnU}).
     */
    static String accessor(String name) {
        String[] parts = name.split("_");
        StringBuilder java = new StringBuilder(first(parts[0]));
        for (int i = 1; i < parts.length; i++) {
            java.append(capitalized(isUpper(parts[i]) ? parts[i].toLowerCase(Locale.ROOT) : parts[i]));
        }
        // the one name of the architecture that Java has taken
        return java.toString().equals("class") ? "clazz" : java.toString();
    }

    static String capitalized(String name) {
        return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    }

    private static String first(String part) {
        if (isUpper(part)) {
            return part.toLowerCase(Locale.ROOT);
        }
        Matcher capitals = LEADING_CAPITALS.matcher(part);
        if (!capitals.find()) {
            return part;
        }
        int keep = Math.max(1, capitals.end() - 1);
        return part.substring(0, keep).toLowerCase(Locale.ROOT) + part.substring(keep);
    }

    private static boolean isUpper(String part) {
        return part.equals(part.toUpperCase(Locale.ROOT));
    }
}
