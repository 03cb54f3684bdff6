package org.sluice.tck.driver;

import java.util.Arrays;
import org.sluice.spi.board.Dma;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.memory.PhysicalMemory;

/** A device: how the driver knows it, and its DMA with a known answer. One thread at a time. */
final class Client {
    /** Stands for "the transfer did not complete". */
    static final long ABORTED = -1;

    private final DeviceRecord record;
    private final Dma dma;
    private final PhysicalMemory memory;
    private final Runnable afterAbort;
    private final byte[] word = new byte[Long.BYTES];

    /**
     * A device.
     *
     * @param afterAbort called after every transfer that did not complete
     */
    Client(DeviceRecord record, Dma dma, PhysicalMemory memory, Runnable afterAbort) {
        this.record = record;
        this.dma = dma;
        this.memory = memory;
        this.afterAbort = afterAbort;
    }

    DeviceRecord record() {
        return record;
    }

    int streamId() {
        return record.streamIds().get(0);
    }

    Dma dma() {
        return dma;
    }

    /** The word that the device reads, or {@link #ABORTED}; words in memory are not negative. */
    long read(long iova) {
        return read(Dma.NO_PASID, iova);
    }

    long read(int pasid, long iova) {
        Arrays.fill(word, (byte) 0x5a);
        if (dma.read(pasid, iova, word, 0, word.length, 0) != Dma.OK) {
            afterAbort.run();
            return ABORTED;
        }
        long value = 0;
        for (int i = word.length - 1; i >= 0; i--) {
            value = value << Byte.SIZE | word[i] & 0xff;
        }
        return value;
    }

    /** Whether the device's write of a word completes. */
    boolean write(long iova, long value) {
        return write(Dma.NO_PASID, iova, value);
    }

    boolean write(int pasid, long iova, long value) {
        for (int i = 0; i < word.length; i++) {
            word[i] = (byte) (value >>> Byte.SIZE * i);
        }
        boolean done = dma.write(pasid, iova, word, 0, word.length, 0) == Dma.OK;
        if (!done) {
            afterAbort.run();
        }
        return done;
    }

    /** Software puts a word into memory, by bytes: it is nobody's table. */
    void plant(long paddr, long value) {
        for (int i = 0; i < word.length; i++) {
            word[i] = (byte) (value >>> Byte.SIZE * i);
        }
        memory.write(paddr, word, 0, word.length);
    }

    @Override
    public String toString() {
        return record.name();
    }
}
