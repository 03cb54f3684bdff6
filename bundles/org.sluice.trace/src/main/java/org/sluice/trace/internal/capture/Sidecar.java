package org.sluice.trace.internal.capture;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** A small file beside a trace, read whole; plain, or packed as gzip with {@code .gz} behind its name. */
final class Sidecar {
    private static final int LARGEST = 256 << 20;

    private Sidecar() {}

    /** The file of that name, else the packed one. */
    static Optional<Path> find(Path folder, String name) {
        return Stream.of(name, name + ".gz")
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst();
    }

    static String read(Path file) {
        boolean packed = file.getFileName().toString().endsWith(".gz");
        try (InputStream bytes = new BufferedInputStream(Files.newInputStream(file));
                InputStream text = packed ? new GZIPInputStream(bytes) : bytes) {
            byte[] content = text.readNBytes(LARGEST + 1);
            if (content.length > LARGEST) {
                throw new IommuException(
                        Errno.EINVAL, file + " has more than " + LARGEST + " bytes, which is the most that are read");
            }
            return new String(content, StandardCharsets.ISO_8859_1);
        } catch (IOException cause) {
            throw new IommuException(Errno.EINVAL, "cannot read " + file + ": " + cause);
        }
    }

    /** Its lines, however they end; at least one. */
    static String[] lines(Path file) {
        return read(file).split("\r?\n", -1);
    }
}
