package org.sluice.tck;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.TableHost;

/** A host with memory to read and nothing to give: for an adoption that must be refused. */
record MemoryOnly(PhysicalMemory memory) implements TableHost {
    @Override
    public long allocateTable(long bytes, long alignment, long lastAddress) {
        throw new IommuException(Errno.ENOMEM, "no tables here: an adoption allocates none");
    }

    @Override
    public void freeTable(long address, long bytes) {
        throw new AssertionError(String.format("an adoption freed table 0x%x", address));
    }

    @Override
    public void retireTable(long iova, long size, long granule, long address, long bytes) {
        throw new AssertionError(String.format("an adoption retired table 0x%x", address));
    }
}
