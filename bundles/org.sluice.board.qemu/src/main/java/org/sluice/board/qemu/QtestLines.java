package org.sluice.board.qemu;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Commands of the qtest protocol, a line each, written into a buffer without garbage. One thread at a time. */
final class QtestLines {
    /** Longest command without data. */
    static final int LONGEST = 80;

    private static final byte[] DIGITS = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private final ByteBuffer out;

    QtestLines(ByteBuffer out) {
        this.out = out;
    }

    /** A command with an address. */
    void put(byte[] command, long address) {
        out.put(command);
        hex(address);
        out.put((byte) '\n');
    }

    /** A command with an address and a value. */
    void put(byte[] command, long address, long value) {
        out.put(command);
        hex(address);
        out.put((byte) ' ');
        hex(value);
        out.put((byte) '\n');
    }

    /** A command with an address, a length and one more number. */
    void put(byte[] command, long address, long length, long value) {
        out.put(command);
        hex(address);
        out.put((byte) ' ');
        hex(length);
        out.put((byte) ' ');
        hex(value);
        out.put((byte) '\n');
    }

    /** A command with an address, a length and bytes in Base64. */
    void put(byte[] command, long address, byte[] data, int offset, int length) {
        out.put(command);
        hex(address);
        out.put((byte) ' ');
        hex(length);
        out.put((byte) ' ');
        out.put(Base64.getEncoder().encode(ByteBuffer.wrap(data, offset, length)));
        out.put((byte) '\n');
    }

    private void hex(long value) {
        out.put((byte) '0').put((byte) 'x');
        int digits = Math.max(1, (Long.SIZE - Long.numberOfLeadingZeros(value) + 3) / 4);
        for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
            out.put(DIGITS[(int) (value >>> shift) & 0xf]);
        }
    }

    /** Bytes that a command with so much data takes. */
    static int bytesFor(int length) {
        return LONGEST + 4 * ((length + 2) / 3);
    }
}
