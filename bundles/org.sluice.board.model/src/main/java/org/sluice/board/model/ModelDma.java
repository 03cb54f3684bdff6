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

    private int transfer(int pasid, long iova, byte[] data, int offset, int length, int flags) {
        Objects.checkFromIndexSize(offset, length, data.length);
        if (pasid != NO_PASID && pasid >>> pasidBits != 0 || pasid != NO_PASID && pasidBits == 0) {
            throw new IommuException(
                    Errno.EOVERFLOW,
                    "endpoint " + name + ": PASID is " + Integer.toUnsignedString(pasid) + ", the endpoint can send "
                            + pasidBits + " bits");
        }
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
