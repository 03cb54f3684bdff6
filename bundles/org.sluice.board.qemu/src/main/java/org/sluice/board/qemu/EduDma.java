package org.sluice.board.qemu;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.board.Dma;

/**
 * The DMA port of an edu device. One transfer at a time on the whole board; any thread may call it and waits for its turn.
 * QEMU reports a fault for every four bytes that it refuses, so the first of a page go ahead of the rest: one fault, one
 * record. Fails with the board's reason when QEMU is gone.
 */
final class EduDma implements Dma {
    private static final int PAGE_BYTES = 4096;
    private static final int WORD_BYTES = Integer.BYTES;

    private final EduDevice device;
    private final String name;
    private final Lock right;
    private final AtomicLong transactions;

    EduDma(EduDevice device, String name, Lock right, AtomicLong transactions) {
        this.device = device;
        this.name = name;
        this.right = right;
        this.transactions = transactions;
    }

    @Override
    public int read(int pasid, long iova, byte[] target, int offset, int length, int flags) {
        check(pasid, flags);
        Objects.checkFromIndexSize(offset, length, target.length);
        right.lock();
        try {
            for (int done = 0; done < length; ) {
                int count = transaction(iova + done, length - done);
                if (!fetch(iova + done, count)) {
                    return ABORT;
                }
                device.unload(target, offset + done, count);
                done += count;
            }
            return OK;
        } finally {
            right.unlock();
        }
    }

    @Override
    public int write(int pasid, long iova, byte[] source, int offset, int length, int flags) {
        check(pasid, flags);
        Objects.checkFromIndexSize(offset, length, source.length);
        right.lock();
        try {
            for (int done = 0; done < length; ) {
                int count = transaction(iova + done, length - done);
                if (!store(iova + done, source, offset + done, count)) {
                    return ABORT;
                }
                done += count;
            }
            return OK;
        } finally {
            right.unlock();
        }
    }

    private boolean fetch(long iova, int count) {
        transactions.incrementAndGet();
        int first = upToWordEnd(iova, count);
        return device.fetch(iova, 0, first) && (first == count || device.fetch(iova + first, first, count - first));
    }

    private boolean store(long iova, byte[] source, int offset, int count) {
        transactions.incrementAndGet();
        if (isMessage(iova, source, offset, count)) {
            int data = source[offset] & 0xff | (source[offset + 1] & 0xff) << Byte.SIZE;
            return device.message(iova, data);
        }
        device.load(source, offset, count);
        int first = upToWordEnd(iova, count);
        return device.store(0, iova, first) && (first == count || device.store(first, iova + first, count - first));
    }

    /** Whether the device's MSI can write it. */
    private static boolean isMessage(long iova, byte[] source, int offset, int count) {
        return count == WORD_BYTES
                && (iova & WORD_BYTES - 1) == 0
                && source[offset + 2] == 0
                && source[offset + WORD_BYTES - 1] == 0;
    }

    private static int transaction(long iova, int length) {
        int inPage = PAGE_BYTES - (int) (iova & PAGE_BYTES - 1);
        return Math.min(Math.min(length, EduDevice.MOST_BYTES), inPage);
    }

    private static int upToWordEnd(long iova, int length) {
        return Math.min(length, WORD_BYTES - (int) (iova & WORD_BYTES - 1));
    }

    private void check(int pasid, int flags) {
        if (pasid != NO_PASID) {
            throw new IommuException(
                    Errno.EOVERFLOW,
                    "endpoint " + name + ": PASID is " + Integer.toUnsignedString(pasid)
                            + ", the endpoint can send 0 bits");
        }
        if (flags != 0) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    "endpoint " + name + ": flags are 0x" + Integer.toHexString(flags)
                            + ", QEMU's edu device is never privileged and fetches no instructions");
        }
    }
}
