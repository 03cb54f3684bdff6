package org.sluice.board.model;

import java.util.Objects;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/** The DMA port of an endpoint: splits a transfer into transactions of its bus. Any thread; does not allocate. */
final class ModelDma implements Dma {
    private static final int PAGE_BYTES = 4096;

    private final TransactionBus bus;
    private final String name;
    private final int pasidBits;

    ModelDma(TransactionBus bus, String name, int pasidBits) {
        this.bus = bus;
        this.name = name;
        this.pasidBits = pasidBits;
    }

    @Override
    public int read(int pasid, long iova, byte[] target, int offset, int length, int flags) {
        return transfer(pasid, iova, target, offset, length, flags & (PRIVILEGED | EXECUTE | ATOMIC));
    }

    @Override
    public int write(int pasid, long iova, byte[] source, int offset, int length, int flags) {
        return transfer(pasid, iova, source, offset, length, flags & (PRIVILEGED | ATOMIC) | IommuModel.WRITE);
    }

    // most transfers stay in a page, and are short enough here to become part of whoever calls
    private int transfer(int pasid, long iova, byte[] data, int offset, int length, int flags) {
        if (pasid != NO_PASID && (pasidBits == 0 || pasid >>> pasidBits != 0)) {
            throw tooLarge(pasid);
        }
        if (length < 1 || (iova & PAGE_BYTES - 1) + length > PAGE_BYTES) {
            return split(pasid, iova, data, offset, length, flags);
        }
        int outcome = bus.transact(pasid, iova, flags, data, offset, length);
        if (outcome != OK) {
            // who moves bytes has looked at the array; who refused has not
            Objects.checkFromIndexSize(offset, length, data.length);
        }
        return outcome;
    }

    private IommuException tooLarge(int pasid) {
        return new IommuException(
                Errno.EOVERFLOW,
                "endpoint " + name + ": PASID is " + Integer.toUnsignedString(pasid) + ", the endpoint can send "
                        + pasidBits + " bits");
    }

    private int split(int pasid, long iova, byte[] data, int offset, int length, int flags) {
        Objects.checkFromIndexSize(offset, length, data.length);
        int done = 0;
        while (done < length) {
            long address = iova + done;
            int count = Math.min(length - done, PAGE_BYTES - (int) (address & PAGE_BYTES - 1));
            int outcome = bus.transact(pasid, address, flags, data, offset + done, count);
            if (outcome != OK) {
                return outcome;
            }
            done += count;
        }
        return OK;
    }
}
