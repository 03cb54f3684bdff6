package org.sluice.board.qemu;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.function.IntConsumer;

/**
 * Takes the answers of the qtest protocol apart: one {@code OK} a command in their order, and between them the interrupt
 * lines that moved. One thread at a time.
 */
final class QtestAnswers {
    private static final byte[] OK = "OK".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] RAISE = "IRQ raise ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] LOWER = "IRQ lower ".getBytes(StandardCharsets.US_ASCII);
    private static final int VALUE = OK.length + 1;

    private final IntConsumer raised;
    private long answered;
    private byte[] line = new byte[128];
    private int length;
    private String refusal;

    QtestAnswers(IntConsumer raised) {
        this.raised = raised;
    }

    /** Commands that were answered so far. */
    long answered() {
        return answered;
    }

    /** The first answer that was not OK, or null. */
    String refusal() {
        return refusal;
    }

    /**
     * Takes whole lines out of what arrived, up to and with the answer that somebody waits for: its line stays readable until
     * the next call.
     *
     * @param in in reading position
     * @param wanted number of the answer at which to stop
     */
    void take(ByteBuffer in, long wanted) {
        while (answered < wanted && refusal == null) {
            int end = endOfLine(in);
            if (end < 0) {
                return;
            }
            length = end - in.position();
            if (line.length < length) {
                line = new byte[Math.max(length, 2 * line.length)];
            }
            in.get(line, 0, length);
            in.get();
            interpret();
        }
    }

    private static int endOfLine(ByteBuffer in) {
        for (int at = in.position(); at < in.limit(); at++) {
            if (in.get(at) == '\n') {
                return at;
            }
        }
        return -1;
    }

    private void interpret() {
        if (startsWith(OK)) {
            answered++;
        } else if (startsWith(RAISE)) {
            raised.accept(Integer.parseInt(text(RAISE.length).trim()));
        } else if (!startsWith(LOWER)) {
            refusal = text(0);
        }
    }

    private boolean startsWith(byte[] prefix) {
        return length >= prefix.length && Arrays.equals(line, 0, prefix.length, prefix, 0, prefix.length);
    }

    private String text(int from) {
        return new String(line, from, length - from, StandardCharsets.US_ASCII);
    }

    /** The number of the answer that was waited for. */
    long number() {
        long value = 0;
        for (int at = VALUE + 2; at < length; at++) {
            value = value << 4 | Character.digit(line[at], 16);
        }
        return value;
    }

    /** The bytes of the answer that was waited for. */
    void bytes(byte[] target, int offset, int count) {
        byte[] decoded = Base64.getDecoder().decode(Arrays.copyOfRange(line, VALUE, length));
        System.arraycopy(decoded, 0, target, offset, count);
    }
}
