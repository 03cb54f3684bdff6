package org.sluice.board.qemu;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * One {@code edu} device of QEMU: copies between memory and a buffer of its own, and writes messages. All of it for whoever
 * has the right to start DMA.
 */
final class EduDevice {
    /** Most bytes of one transfer. The buffer has 4096, but QEMU 7.2 ends itself when the last of them is used. */
    static final int MOST_BYTES = 2048;

    private static final long CONFIG_BASE = 0x40_1000_0000L;
    private static final int CONFIG_SHIFT = 12;
    private static final long BAR_BASE = 0x1000_0000L;
    private static final int BAR_SHIFT = 20;
    private static final int IDENTITY = 0x11e8_1234;

    private static final int COMMAND = 0x04;
    private static final int MEMORY_AND_MASTER = 0x6;
    private static final int BAR = 0x10;
    private static final int MSI = 0x40;
    private static final int MSI_ENABLE = 1 << 16;
    private static final int MSI_ADDRESS = MSI + 4;
    private static final int MSI_ADDRESS_HIGH = MSI + 8;
    private static final int MSI_DATA = MSI + 12;

    private static final int IRQ_STATUS = 0x24;
    private static final int IRQ_RAISE = 0x60;
    private static final int IRQ_ACKNOWLEDGE = 0x64;
    private static final int DMA_SOURCE = 0x80;
    private static final int DMA_DESTINATION = 0x88;
    private static final int DMA_COUNT = 0x90;
    private static final int DMA_COMMAND = 0x98;
    private static final long START = 1;
    private static final long TO_MEMORY = 2;
    private static final long BUFFER = 0x4_0000;

    private final Qtest qtest;
    private final MmioRegisters smmu;
    private final AbortSigns aborts;
    private final long staging;
    private final long config;
    private final long bar;

    /**
     * Places the device.
     *
     * @param streamId its place on bus 0
     * @param index which it is, for its registers' address
     * @param staging a page of memory that nothing else uses
     * @throws IommuException ENODEV there is none at its place
     */
    EduDevice(Qtest qtest, MmioRegisters smmu, AbortSigns aborts, int streamId, int index, long staging) {
        this.qtest = qtest;
        this.smmu = smmu;
        this.aborts = aborts;
        this.staging = staging;
        config = CONFIG_BASE + ((long) streamId << CONFIG_SHIFT);
        bar = BAR_BASE + ((long) index << BAR_SHIFT);
        int identity = qtest.read32(config);
        if (identity != IDENTITY) {
            throw new IommuException(
                    Errno.ENODEV,
                    String.format(
                            "QEMU has no edu device for StreamID 0x%x: the PCI identity there is 0x%08x",
                            streamId, identity));
        }
        qtest.write32(config + BAR, (int) bar);
        qtest.write32(config + COMMAND, MEMORY_AND_MASTER);
        qtest.write32(config + MSI, qtest.read32(config + MSI) | MSI_ENABLE);
    }

    /** Memory to buffer, translated; tells whether it was let through. */
    boolean fetch(long iova, int at, int count) {
        aborts.mark();
        transfer(iova, BUFFER + at, count, START);
        return !aborts.seen();
    }

    /** Buffer to memory, translated; tells whether it was let through. */
    boolean store(int at, long iova, int count) {
        aborts.mark();
        transfer(BUFFER + at, iova, count, START | TO_MEMORY);
        return !aborts.seen();
    }

    /** Writes 32 bits, translated, the upper 16 of which are 0; tells whether it was let through. No timer is involved. */
    boolean message(long iova, int data) {
        aborts.mark();
        qtest.write32(config + MSI_ADDRESS, (int) iova);
        qtest.write32(config + MSI_ADDRESS_HIGH, (int) (iova >>> Integer.SIZE));
        qtest.write32(config + MSI_DATA, data);
        qtest.write32(bar + IRQ_RAISE, 1);
        qtest.write32(bar + IRQ_ACKNOWLEDGE, 1);
        qtest.read32(bar + IRQ_STATUS);
        return !aborts.seen();
    }

    /** Gets what is in the buffer. */
    void unload(byte[] target, int offset, int count) {
        smmu.untranslated(() -> {
            transfer(BUFFER, staging, count, START | TO_MEMORY);
            qtest.read(staging, target, offset, count);
        });
    }

    /** Puts something into the buffer. */
    void load(byte[] source, int offset, int count) {
        smmu.untranslated(() -> {
            qtest.write(staging, source, offset, count);
            transfer(staging, BUFFER, count, START);
        });
    }

    private void transfer(long source, long destination, int count, long command) {
        qtest.write64(bar + DMA_SOURCE, source);
        qtest.write64(bar + DMA_DESTINATION, destination);
        qtest.write64(bar + DMA_COUNT, count);
        qtest.write64(bar + DMA_COMMAND, command);
        // the timer that ends it fires as soon as QEMU has nothing else to do
        while ((qtest.read64(bar + DMA_COMMAND) & START) != 0) {
            Thread.onSpinWait();
        }
    }
}
