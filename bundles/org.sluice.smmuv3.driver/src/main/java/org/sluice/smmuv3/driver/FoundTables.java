package org.sluice.smmuv3.driver;

import java.util.HashSet;
import java.util.Set;
import org.sluice.spi.memory.PageAllocator;

/** Tables and queues that pointers led to during an adoption: each is an allocation of its own. One thread. */
final class FoundTables {
    private final PageAllocator allocator;
    private final Set<Long> bases = new HashSet<>();

    FoundTables(PageAllocator allocator) {
        this.allocator = allocator;
    }

    /**
     * Takes a table.
     *
     * @param subject names the pointer
     * @param base where it leads, physical address in bytes
     * @param bytes size that the table must have
     * @throws org.sluice.api.IommuException EINVAL no such allocation, or another pointer leads there
     */
    void take(String subject, long base, long bytes) {
        if (!allocator.isAllocated(base, bytes)) {
            throw Difference.refusal("%s leads to 0x%x, where no %d bytes are allocated", subject, base, bytes);
        }
        if (!bases.add(base)) {
            throw Difference.refusal("%s leads to 0x%x, as another pointer does", subject, base);
        }
    }
}
