package org.sluice.board.qemu;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * QEMU's log of invalid accesses. It writes a line for each that a DMA was refused, before it answers anything later, so a
 * look at the file after an answer misses none. The file is cut now and then; QEMU goes on at its own position, behind a
 * hole that takes no room. No channel: an interrupt of the calling thread would close it.
 */
final class AbortLog implements AbortSigns, AutoCloseable {
    private static final String READ = "Invalid read at addr";
    private static final String WRITE = "Invalid write at addr";
    private static final long LARGEST = 16L << 20;
    private static final long MOST_TEXT = 1 << 16;

    private final RandomAccessFile file;
    private long position;
    private long cutAt;

    AbortLog(Path path) throws IOException {
        file = new RandomAccessFile(path.toFile(), "rw");
    }

    @Override
    public void mark() {
        try {
            position = Math.max(position, file.length());
            if (position - cutAt > LARGEST) {
                file.setLength(0);
                cutAt = position;
            }
        } catch (IOException cause) {
            throw unreadable(cause);
        }
    }

    @Override
    public boolean seen() {
        try {
            long size = file.length();
            if (size <= position) {
                return false;
            }
            byte[] text = new byte[(int) Math.min(size - position, MOST_TEXT)];
            file.seek(position);
            int length = file.read(text);
            position = size;
            String lines = new String(text, 0, Math.max(0, length), StandardCharsets.US_ASCII);
            return lines.contains(READ) || lines.contains(WRITE);
        } catch (IOException cause) {
            throw unreadable(cause);
        }
    }

    private static IommuException unreadable(IOException cause) {
        return new IommuException(Errno.EIO, "QEMU's log cannot be read: " + cause.getMessage());
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
