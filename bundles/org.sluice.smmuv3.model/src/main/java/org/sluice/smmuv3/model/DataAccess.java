package org.sluice.smmuv3.model;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/** The data of transactions, behind the SMMU. Any thread; does not allocate. */
final class DataAccess {
    private static final int PAGE_BYTES = 4096;
    private static final int WORD_SHIFT = 3;
    private static final int RUN_WORDS = 8;
    private static final int RUN_BYTES = RUN_WORDS * Long.BYTES;
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle BYTES = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final PhysicalMemory memory;
    private final int outputBits;
    private final boolean plain;
    private final long windowMask;

    DataAccess(PhysicalMemory memory, int outputBits) {
        this.memory = memory;
        this.outputBits = outputBits;
        // windows are storage
        plain = memory.windowBytes() != 0;
        windowMask = memory.windowBytes() - 1;
    }

    /** Whether a read has no effect, so that it may be made in vain. */
    boolean readsWithoutEffect() {
        return plain;
    }

    /**
     * Reads as {@link #move} does, and counts nothing.
     *
     * @throws MemoryAbortException some byte has no memory
     */
    void readUncounted(long address, byte[] data, int offset, int length) {
        memory.read(address, data, offset, length);
    }

    /**
     * Writes as {@link #move} does, and counts nothing.
     *
     * @throws MemoryAbortException some byte has no memory; nothing was written
     */
    void writeUncounted(long address, byte[] data, int offset, int length) {
        memory.write(address, data, offset, length);
    }

    /** The words in which a page of 4 KiB lies, or null while there are none, or where not all of it is memory. */
    long[] window(long page) {
        return memory.contains(page, PAGE_BYTES) ? memory.writtenWindow(page) : null;
    }

    /** Where an address is in its window. */
    int word(long address) {
        return (int) ((address & windowMask) >>> WORD_SHIFT);
    }

    /** Copies whole words out of a window; false if the length is not one of whole words, and nothing was done. */
    static boolean readWords(long[] window, int word, byte[] data, int offset, int length) {
        if (length == RUN_BYTES) {
            readRun(window, word, data, offset);
            return true;
        }
        return readRuns(window, word, data, offset, length);
    }

    private static boolean readRuns(long[] window, int word, byte[] data, int offset, int length) {
        if ((length & Long.BYTES - 1) != 0) {
            return false;
        }
        int from = word;
        int to = offset;
        int end = offset + length;
        for (; end - to >= RUN_BYTES; to += RUN_BYTES, from += RUN_WORDS) {
            readRun(window, from, data, to);
        }
        for (; to < end; to += Long.BYTES) {
            BYTES.set(data, to, (long) WORDS.getOpaque(window, from++));
        }
        return true;
    }

    // one check of each array does for all of them
    private static void readRun(long[] window, int word, byte[] data, int to) {
        BYTES.set(data, to, (long) WORDS.getOpaque(window, word));
        BYTES.set(data, to + 8, (long) WORDS.getOpaque(window, word + 1));
        BYTES.set(data, to + 16, (long) WORDS.getOpaque(window, word + 2));
        BYTES.set(data, to + 24, (long) WORDS.getOpaque(window, word + 3));
        BYTES.set(data, to + 32, (long) WORDS.getOpaque(window, word + 4));
        BYTES.set(data, to + 40, (long) WORDS.getOpaque(window, word + 5));
        BYTES.set(data, to + 48, (long) WORDS.getOpaque(window, word + 6));
        BYTES.set(data, to + 56, (long) WORDS.getOpaque(window, word + 7));
    }

    /** Copies whole words into a window; the same. */
    static boolean writeWords(long[] window, int word, byte[] data, int offset, int length) {
        if ((length & Long.BYTES - 1) != 0) {
            return false;
        }
        for (int i = 0; i < length; i += Long.BYTES) {
            WORDS.setOpaque(window, word + (i >>> WORD_SHIFT), (long) BYTES.get(data, offset + i));
        }
        return true;
    }

    /** Whether the SMMU has no such output address. */
    boolean beyondOutput(long address) {
        return address >>> outputBits != 0;
    }

    /** Moves data from or to a physical address; an outcome of {@link Dma}. */
    int move(long[] slot, long address, int flags, byte[] data, int offset, int length) {
        try {
            if (Permissions.isWrite(flags)) {
                memory.write(address, data, offset, length);
                TransactionSlots.add(slot, TransactionSlots.BYTES_WRITTEN, length);
            } else {
                memory.read(address, data, offset, length);
                TransactionSlots.add(slot, TransactionSlots.BYTES_READ, length);
            }
            return Dma.OK;
        } catch (MemoryAbortException e) {
            // the abort goes back to the device; it is no event of the SMMU
            return Dma.ABORT;
        }
    }
}
