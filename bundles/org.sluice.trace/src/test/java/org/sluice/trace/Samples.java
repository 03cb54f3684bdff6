package org.sluice.trace;

import java.nio.file.Path;

/** The captures that come with the sources. */
public final class Samples {
    public static final Path FOLDER = Path.of("..", "..", "samples");

    private Samples() {}

    public static Path of(String capture) {
        return FOLDER.resolve(capture);
    }
}
