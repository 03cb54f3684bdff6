package org.sluice.board.qemu;

import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.PriqBase;
import org.sluice.spi.bus.RegisterFile;

/**
 * The registers of QEMU's SMMU. A write is on its way when the method returns, and before everything that is sent later.
 * Remembers what the board itself must know: where the device writes queues, and how to switch translation off for a moment.
 */
final class MmioRegisters implements RegisterFile {
    private static final long BASE = 0x0905_0000L;
    private static final long BYTES = 0x2_0000L;
    private static final int EVENT_BYTES = 32;
    private static final int PAGE_REQUEST_BYTES = 16;

    private final Qtest qtest;
    private final TablePages pages;
    // both as last written, guarded by the conversation being held
    private long control;
    private long bypass;

    MmioRegisters(Qtest qtest, TablePages pages) {
        this.qtest = qtest;
        this.pages = pages;
        control = Integer.toUnsignedLong(read32(Cr0.ADDRESS));
        bypass = Integer.toUnsignedLong(read32(Gbpa.ADDRESS));
    }

    @Override
    public int read32(long offset) {
        return known(offset) ? qtest.read32(BASE + offset) : 0;
    }

    @Override
    public long read64(long offset) {
        return known(offset) ? qtest.read64(BASE + offset) : 0;
    }

    @Override
    public void write32(long offset, int value) {
        if (!known(offset)) {
            return;
        }
        qtest.hold();
        try {
            remember(offset, Integer.toUnsignedLong(value));
            qtest.write32(BASE + offset, value);
            qtest.push();
        } finally {
            qtest.release();
        }
    }

    @Override
    public void write64(long offset, long value) {
        if (!known(offset)) {
            return;
        }
        if (offset == EventqBase.ADDRESS) {
            pages.exclude(EventqBase.addr(value), (long) EVENT_BYTES << EventqBase.log2size(value));
        } else if (offset == PriqBase.ADDRESS) {
            pages.exclude(PriqBase.addr(value), (long) PAGE_REQUEST_BYTES << PriqBase.log2size(value));
        }
        qtest.hold();
        try {
            qtest.write64(BASE + offset, value);
            qtest.push();
        } finally {
            qtest.release();
        }
    }

    /**
     * Does something while untranslated DMA passes. The conversation is held all the time, so nobody sees the registers in
     * between, and no other DMA runs, since the caller holds the one right to start some.
     */
    void untranslated(Runnable action) {
        qtest.hold();
        try {
            long controlBefore = control;
            boolean translates = Cr0.smmuen(controlBefore) != 0;
            boolean aborts = Gbpa.abort(bypass) != 0;
            if (aborts) {
                writeBypass(Gbpa.withAbort(bypass, 0));
            }
            if (translates) {
                qtest.write32(BASE + Cr0.ADDRESS, (int) Cr0.withSmmuen(controlBefore, 0));
            }
            action.run();
            if (translates) {
                qtest.write32(BASE + Cr0.ADDRESS, (int) controlBefore);
            }
            if (aborts) {
                writeBypass(bypass);
            }
        } finally {
            qtest.release();
        }
    }

    private void writeBypass(long value) {
        qtest.write32(BASE + Gbpa.ADDRESS, (int) Gbpa.withUpdate(value, 1));
    }

    private void remember(long offset, long value) {
        if (offset == Cr0.ADDRESS) {
            control = value;
        } else if (offset == Gbpa.ADDRESS && Gbpa.update(value) != 0) {
            bypass = Gbpa.withUpdate(value, 0);
        }
    }

    private static boolean known(long offset) {
        return offset >= 0 && offset < BYTES;
    }
}
