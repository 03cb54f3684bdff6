package org.sluice.smmuv3.model;

import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/** The data of transactions, behind the SMMU. Any thread; does not allocate. */
final class DataAccess {
    private final PhysicalMemory memory;
    private final int outputBits;
    private final boolean plain;

    DataAccess(PhysicalMemory memory, int outputBits) {
        this.memory = memory;
        this.outputBits = outputBits;
        // windows are storage
        plain = memory.windowBytes() != 0;
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
