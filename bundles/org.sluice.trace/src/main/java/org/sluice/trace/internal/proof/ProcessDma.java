package org.sluice.trace.internal.proof;

import java.util.Arrays;
import java.util.function.IntSupplier;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.SvaBond;
import org.sluice.process.Process;
import org.sluice.spi.board.Dma;
import org.sluice.trace.internal.machine.Stream;

/**
 * Single transfers at addresses of a process, compared with what the process's CPU sees there. One that does
 * not end is an error after a while. One thread at a time.
 */
final class ProcessDma implements AutoCloseable {
    private static final byte[] ZEROS = new byte[Pattern.BYTES];

    private final Score score;
    private final BoundedTransfers device;
    private long salt;

    /**
     * Transfers of one machine.
     *
     * @param score takes wrong answers
     * @param patienceMillis how long a transfer may take, its faults included
     */
    ProcessDma(Score score, long patienceMillis) {
        this.score = score;
        this.device = new BoundedTransfers(patienceMillis);
    }

    /** Bytes that no place had before. */
    byte[] fresh(long address) {
        byte[] bytes = new byte[Pattern.BYTES];
        Pattern.fill(bytes, Pattern.seed(address, salt++));
        return bytes;
    }

    /** The device writes; returns what, and says in the score if it could not. */
    byte[] writes(Stream stream, SvaBond bond, long address, String what) {
        byte[] bytes = fresh(address);
        int outcome = transfer(
                stream, address, what, () -> stream.dma().write(bond.pasid(), address, bytes, 0, bytes.length, 0));
        if (outcome != Dma.OK) {
            wrong(stream, bond, address, what, "written", "outcome " + outcome);
        }
        return bytes;
    }

    /** The device reads certain bytes. */
    void reads(Stream stream, SvaBond bond, long address, byte[] expected, String what) {
        byte[] seen = new byte[Pattern.BYTES];
        int outcome = transfer(
                stream, address, what, () -> stream.dma().read(bond.pasid(), address, seen, 0, seen.length, 0));
        if (outcome != Dma.OK) {
            wrong(stream, bond, address, what, Pattern.text(expected), "outcome " + outcome);
        } else if (!Arrays.equals(expected, seen)) {
            wrong(stream, bond, address, what, Pattern.text(expected), Pattern.text(seen));
        }
    }

    /** The device reads a page that nobody touched before. */
    void readsZeros(Stream stream, SvaBond bond, long address, String what) {
        reads(stream, bond, address, ZEROS, what);
    }

    /** The process's CPU sees certain bytes. */
    void sees(Process process, Stream stream, SvaBond bond, long address, byte[] expected, String what) {
        byte[] seen = new byte[Pattern.BYTES];
        process.read(address, seen, 0, seen.length);
        if (!Arrays.equals(expected, seen)) {
            wrong(stream, bond, address, what, Pattern.text(expected), Pattern.text(seen));
        }
    }

    private void wrong(Stream stream, SvaBond bond, long address, String what, String expected, String found) {
        score.mismatch(stream, bond.pasid(), address, what, expected, found);
    }

    private int transfer(Stream stream, long address, String what, IntSupplier dma) {
        String where = String.format("%s at 0x%x", what, address);
        int outcome = device.run(dma, where)
                .orElseThrow(() -> new IommuException(
                        Errno.ETIMEDOUT,
                        String.format("%s: the transfer did not end within %d ms", where, device.patienceMillis())));
        stream.checked();
        return outcome;
    }

    @Override
    public void close() {
        device.close();
    }
}
