package org.sluice.spi.pgtable;

import org.osgi.annotation.versioning.ProviderType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * What a page table gets from the core. Any thread may call it.
 *
 * <p>Two ways to give a table back: {@link #freeTable} at once, for one that was never reachable (it lost the race to be
 * installed) or when the whole space is gone; {@link #retireTable} for one that was unlinked while devices or other threads
 * may still walk it.
 */
@ProviderType
public interface TableHost {
    /**
     * Where tables are.
     *
     * @return the memory
     */
    PhysicalMemory memory();

    /**
     * Allocates a zeroed table.
     *
     * @param bytes size, at least 64
     * @param alignment in bytes, a power of two
     * @param lastAddress highest physical address it may have
     * @return physical address in bytes
     * @throws org.sluice.api.IommuException ENOMEM
     */
    long allocateTable(long bytes, long alignment, long lastAddress);

    /**
     * Frees a table that nothing reaches.
     *
     * @param address physical address in bytes
     * @param bytes size
     */
    void freeTable(long address, long bytes);

    /**
     * Takes a table that was just unlinked by a map (a block over an empty table): the host invalidates the walk caches of
     * the range, syncs before the call returns, and frees the table once every operation that began earlier has left.
     *
     * @param iova first IOVA that the table covered
     * @param size bytes that it covered
     * @param granule smallest page size in bytes
     * @param address physical address of the table in bytes
     * @param bytes its size
     */
    void retireTable(long iova, long size, long granule, long address, long bytes);

    /**
     * Says that the tree gets another top table, which holds the former one: the host gives it to the hardware before the
     * call returns. A format whose trees grow calls it in the map that needs the growth, one thread at a time for one page
     * table, after the new top has all that the former one translates and before anything is mapped that only the new one
     * reaches.
     *
     * @param walker what the hardware's walker must be told from now on
     * @throws org.sluice.api.IommuException EOPNOTSUPP, or what the hardware says, when it cannot begin its walks elsewhere:
     *     it walks from the former top as before, and the format takes the growth back
     */
    default void rootMoved(WalkerConfig walker) {
        throw new IommuException(
                Errno.EOPNOTSUPP,
                String.format("top table 0x%x: nobody can tell the hardware of another root", walker.root()));
    }
}
