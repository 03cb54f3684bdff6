package org.sluice.pgtable.x86;

import java.util.HashSet;
import java.util.Set;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Checks that tables which somebody else wrote are tables of this geometry, before they are taken over. It reads only, and
 * trusts nothing: an entry that is neither empty nor valid, a table outside memory or reached twice, a leaf where none may
 * be, a table that takes rights from what is below it, and an address that the hardware could not produce are refused with the
 * address and value of the entry.
 */
final class Adoption {
    private final Tables tables;
    private final Geometry geometry;
    private final EntryCode code;
    private final PhysicalMemory memory;
    private final long pageSizes;
    private final long lastPaddr;
    private final Set<Long> seen = new HashSet<>();

    Adoption(Tables tables, long pageSizes, long lastPaddr) {
        this.tables = tables;
        this.geometry = tables.geometry;
        this.code = tables.code;
        this.memory = tables.host.memory();
        this.pageSizes = pageSizes;
        this.lastPaddr = lastPaddr;
    }

    /** Checks everything that the root reaches. */
    void check() {
        seen.add(tables.root);
        check(tables.root, geometry.top, 0);
    }

    private void check(long table, Level level, long base) {
        for (int i = 0; i < Level.ENTRIES; i++) {
            long at = table + 8L * i;
            long entry = tables.words.load(at);
            if (entry == 0) {
                continue;
            }
            long iova = geometry.iova(level, base, i);
            if (!geometry.isIova(iova)) {
                throw refusal(entry, at, level, String.format("iova 0x%x is out of range", iova));
            }
            if (code.isTable(entry, level)) {
                check(tableOf(entry, at, level), geometry.below(level), iova);
            } else if (!code.isLeaf(entry, level)) {
                throw refusal(entry, at, level, "neither empty nor a leaf nor a table there");
            } else {
                checkLeaf(entry, at, level);
            }
        }
    }

    private long tableOf(long entry, long at, Level level) {
        long table = code.address(entry);
        if (!code.passesRights(entry)) {
            throw refusal(entry, at, level, "a table takes rights from what is below it");
        }
        if (Long.compareUnsigned(table, lastPaddr) > 0 || !memory.contains(table, Level.TABLE_BYTES)) {
            throw refusal(entry, at, level, String.format("next table 0x%x is not memory", table));
        }
        if (!seen.add(table)) {
            throw refusal(entry, at, level, String.format("next table 0x%x is in the tree twice", table));
        }
        return table;
    }

    private void checkLeaf(long entry, long at, Level level) {
        long size = level.bytes();
        if ((pageSizes & size) == 0) {
            throw refusal(entry, at, level, String.format("leaves of 0x%x bytes are not in 0x%x", size, pageSizes));
        }
        long address = code.address(entry);
        if ((address & size - 1) != 0) {
            throw refusal(entry, at, level, String.format("address is no multiple of 0x%x", size));
        }
        if (Long.compareUnsigned(address, lastPaddr) > 0) {
            throw refusal(entry, at, level, String.format("address is above 0x%x", lastPaddr));
        }
    }

    private static IommuException refusal(long entry, long at, Level level, String why) {
        return new IommuException(
                Errno.EINVAL,
                String.format("entry 0x%016x at 0x%x, level %d, cannot be adopted: %s", entry, at, level.number, why));
    }
}
