package org.sluice.spi.board;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The DMA port of an endpoint: transactions that the IOMMU translates. Any thread may call it; a transaction does not
 * allocate. A transfer is split at 4 KiB boundaries into transactions; after the first that does not complete, none
 * follows.
 */
@ConsumerType
public interface Dma {
    /** The transfer completed. */
    int OK = 0;
    /** A transaction was aborted. */
    int ABORT = 1;
    /** Reads as zero, writes ignored: the fault is hidden from the device. */
    int RAZ_WI = 2;

    /** Privileged transaction; flags of an access are combined with {@code |}. */
    int PRIVILEGED = 1;
    /** Instruction fetch. */
    int EXECUTE = 2;
    /**
     * Far atomic: memory, not the device, is to change the data. No IOMMU here carries one; one that tells it from other
     * accesses aborts it, and may report it to its software.
     */
    int ATOMIC = 4;

    /** Stands for "without PASID". */
    int NO_PASID = -1;

    /**
     * Device reads memory.
     *
     * @param pasid PASID, or {@link #NO_PASID}
     * @param iova bytes
     * @param target where to
     * @param offset first index in the target
     * @param length bytes
     * @param flags 0 or {@link #PRIVILEGED}, {@link #EXECUTE}, {@link #ATOMIC}
     * @return {@link #OK}, {@link #ABORT} or {@link #RAZ_WI}
     */
    int read(int pasid, long iova, byte[] target, int offset, int length, int flags);

    /**
     * Device writes memory.
     *
     * @param pasid PASID, or {@link #NO_PASID}
     * @param iova bytes
     * @param source where from
     * @param offset first index in the source
     * @param length bytes
     * @param flags 0 or {@link #PRIVILEGED}, {@link #ATOMIC}
     * @return {@link #OK}, {@link #ABORT} or {@link #RAZ_WI}
     */
    int write(int pasid, long iova, byte[] source, int offset, int length, int flags);
}
