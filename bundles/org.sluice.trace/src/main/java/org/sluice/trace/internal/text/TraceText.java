package org.sluice.trace.internal.text;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * The lines of a text file, plain or gzip (told by its content), read as a stream. A line that is too long is cut, so that
 * a file without line ends cannot fill the heap. Not thread-safe.
 */
public final class TraceText implements AutoCloseable {
    /** Longest line that is kept whole, in characters. */
    static final int LONGEST_LINE = 4096;

    private static final int BUFFER = 1 << 16;

    private final Path file;
    private final Reader reader;
    private final StringBuilder line = new StringBuilder();
    private long lines;

    private TraceText(Path file, Reader reader) {
        this.file = file;
        this.reader = reader;
    }

    /**
     * Opens a file.
     *
     * @param file plain or gzip
     * @return its lines
     * @throws IommuException EINVAL it cannot be opened, naming it
     */
    public static TraceText open(Path file) {
        try {
            // The magic is read twice rather than pushed back: a file may be shorter than it.
            boolean packed = isGzip(file);
            InputStream bytes = new BufferedInputStream(Files.newInputStream(file), BUFFER);
            InputStream text = packed ? new GZIPInputStream(bytes, BUFFER) : bytes;
            // Any byte is a character in Latin-1; names of tasks may hold anything.
            return new TraceText(file, new BufferedReader(new InputStreamReader(text, StandardCharsets.ISO_8859_1)));
        } catch (IOException cause) {
            throw new IommuException(Errno.EINVAL, "cannot read " + file + ": " + reason(cause));
        }
    }

    /**
     * Reads the next line.
     *
     * @return without its end, cut after {@link #LONGEST_LINE} + 1 characters; null at the end of the file
     * @throws IommuException EINVAL the file is damaged, naming it and the line
     */
    public String next() {
        line.setLength(0);
        try {
            int character = reader.read();
            if (character == -1) {
                return null;
            }
            lines++;
            for (; character != -1 && character != '\n'; character = reader.read()) {
                if (line.length() <= LONGEST_LINE) {
                    line.append((char) character);
                }
            }
            return line.toString();
        } catch (IOException cause) {
            throw new IommuException(Errno.EINVAL, file + " breaks off after line " + lines + ": " + reason(cause));
        }
    }

    /**
     * Number of the line that was read last.
     *
     * @return from 1
     */
    public long lineNumber() {
        return lines;
    }

    @Override
    public void close() {
        try {
            reader.close();
        } catch (IOException cause) {
            throw new IommuException(Errno.EIO, "cannot close " + file + ": " + reason(cause));
        }
    }

    private static boolean isGzip(Path file) throws IOException {
        try (InputStream bytes = Files.newInputStream(file)) {
            return bytes.read() == 0x1f && bytes.read() == 0x8b;
        }
    }

    private static String reason(IOException cause) {
        if (cause instanceof EOFException) {
            return "the gzip data is truncated";
        }
        if (cause instanceof ZipException) {
            return "the gzip data is damaged: " + cause.getMessage();
        }
        return cause.getClass().getSimpleName() + " " + cause.getMessage();
    }
}
