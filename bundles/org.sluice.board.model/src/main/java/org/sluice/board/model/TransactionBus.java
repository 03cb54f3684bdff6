package org.sluice.board.model;

/** How a transaction of an endpoint reaches memory. Any thread. */
@FunctionalInterface
interface TransactionBus {
    /**
     * One transaction, within 4 KiB.
     *
     * @param pasid PASID, or {@link org.sluice.spi.board.Dma#NO_PASID}
     * @param address bytes
     * @param flags as {@link org.sluice.spi.board.IommuModel#transact} has them
     * @return an outcome of {@link org.sluice.spi.board.Dma}
     */
    int transact(int pasid, long address, int flags, byte[] data, int offset, int length);
}
