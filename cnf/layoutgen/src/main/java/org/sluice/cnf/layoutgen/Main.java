package org.sluice.cnf.layoutgen;

import java.io.IOException;
import java.nio.file.Path;

/** Writes the sources of one package: {@code Main <layout folder> <source root> <package>}. */
public final class Main {
    private Main() {}

    /** A problem in a layout file ends the program before anything is written. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 3) {
            throw new IllegalArgumentException(
                    "three arguments expected: layout folder, source root, package; got " + arguments.length);
        }
        new GeneratedCode(Path.of(arguments[0]), Path.of(arguments[1]), arguments[2]).write();
    }
}
