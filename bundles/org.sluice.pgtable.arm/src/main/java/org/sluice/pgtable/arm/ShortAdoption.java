package org.sluice.pgtable.arm;

import java.util.HashSet;
import java.util.Set;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Checks that tables which somebody else wrote are short-descriptor tables, before they are taken over. Reads only, and
 * trusts nothing, as {@link Adoption} does for long descriptors.
 */
final class ShortAdoption {
    private final ShortTables tables;
    private final ShortDescriptors descriptors;
    private final PhysicalMemory memory;
    private final long pageSizes;
    private final long lastIova;
    private final long lastPaddr;
    private final Set<Long> seen = new HashSet<>();

    ShortAdoption(ShortTables tables, long pageSizes, long lastIova, long lastPaddr) {
        this.tables = tables;
        this.descriptors = tables.descriptors;
        this.memory = tables.host.memory();
        this.pageSizes = pageSizes;
        this.lastIova = lastIova;
        this.lastPaddr = lastPaddr;
    }

    /** Checks everything that the root reaches. */
    void check() {
        for (long at = tables.root; at < tables.root + tables.rootBytes(); at += ShortTables.SECOND_BYTES) {
            seen.add(at);
        }
        for (int i = 0; i < tables.firstEntries; i++) {
            long entry = tables.root + 4L * i;
            int descriptor = tables.load(entry);
            if ((long) i << ShortSize.FIRST_SHIFT > lastIova && descriptor != 0) {
                throw refusal(entry, descriptor, String.format("iovas end at 0x%x", lastIova));
            }
            if (ShortDescriptors.isTable(descriptor)) {
                checkTable(entry, descriptor);
            } else if (descriptor != 0) {
                checkLeaf(entry, descriptor, i, (descriptor & 1) == 0 ? ShortSize.ofFirst(descriptor) : null);
            }
        }
    }

    private void checkTable(long from, int descriptor) {
        long table = descriptors.table(descriptor);
        if (table > lastPaddr || !memory.contains(table, ShortTables.SECOND_BYTES)) {
            throw refusal(from, descriptor, String.format("next table 0x%x is not memory", table));
        }
        if (!seen.add(table)) {
            throw refusal(from, descriptor, String.format("next table 0x%x is in the tree twice", table));
        }
        for (int i = 0; i < ShortTables.SECOND_ENTRIES; i++) {
            long entry = table + 4L * i;
            int leaf = tables.load(entry);
            if (leaf != 0) {
                checkLeaf(entry, leaf, i, ShortSize.ofSecond(leaf));
            }
        }
    }

    private void checkLeaf(long entry, int descriptor, int index, ShortSize size) {
        if (size == null) {
            throw refusal(entry, descriptor, "it is neither empty nor a leaf nor a table");
        }
        if ((pageSizes & size.bytes()) == 0) {
            throw refusal(
                    entry, descriptor, String.format("leaves of 0x%x bytes are not in 0x%x", size.bytes(), pageSizes));
        }
        if (size.repeats > 1) {
            checkRepeated(entry - 4L * (index % size.repeats), descriptor, size);
        }
        long address = descriptors.address(descriptor, size);
        if (address > lastPaddr) {
            throw refusal(entry, descriptor, String.format("address is above 0x%x", lastPaddr));
        }
    }

    private void checkRepeated(long group, int descriptor, ShortSize size) {
        for (long entry = group; entry < group + 4L * size.repeats; entry += 4) {
            int other = tables.load(entry);
            if (other != descriptor) {
                throw refusal(entry, other, String.format("it is one of 16 that are 0x%08x elsewhere", descriptor));
            }
        }
    }

    private static IommuException refusal(long entry, int descriptor, String why) {
        return new IommuException(
                Errno.EINVAL, String.format("descriptor 0x%08x at 0x%x cannot be adopted: %s", descriptor, entry, why));
    }
}
