package org.sluice.trace.internal.capture;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** A small file beside a trace, read whole. */
final class Sidecar {
    private static final long LARGEST = 256L << 20;

    private Sidecar() {}

    static String read(Path file) {
        try {
            long size = Files.size(file);
            if (size > LARGEST) {
                throw new IommuException(
                        Errno.EINVAL, file + " has " + size + " bytes, at most " + LARGEST + " are read");
            }
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException cause) {
            throw new IommuException(Errno.EINVAL, "cannot read " + file + ": " + cause);
        }
    }
}
