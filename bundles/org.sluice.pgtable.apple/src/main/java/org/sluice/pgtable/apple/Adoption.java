package org.sluice.pgtable.apple;

import java.util.HashSet;
import java.util.Set;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Checks that tables which somebody else wrote are tables of this geometry, before they are taken over. It reads only, and
 * trusts nothing: an entry that is neither empty nor valid, or beyond the input addresses, a table with more than an
 * address, outside memory or reached twice, a page that is accessible in part, and an address that the hardware could not
 * produce are refused with the address and value of the entry.
 */
final class Adoption {
    private final Tables tables;
    private final Geometry geometry;
    private final PhysicalMemory memory;
    private final long lastIova;
    private final long lastPaddr;
    private final Set<Long> seen = new HashSet<>();

    Adoption(Tables tables, long lastIova, long lastPaddr) {
        this.tables = tables;
        this.lastIova = lastIova;
        this.lastPaddr = lastPaddr;
        geometry = tables.geometry;
        memory = tables.host.memory();
    }

    /** Checks everything that the root reaches. */
    void check() {
        for (long top = tables.root; top < tables.root + tables.topBytes(); top += geometry.tableBytes()) {
            seen.add(top);
        }
        check(tables.root, geometry.levels - 1, 0);
    }

    private void check(long table, int level, long base) {
        for (int i = 0; i < geometry.entries(level); i++) {
            long at = table + 8L * i;
            long entry = memory.read64Acquire(at);
            long iova = base + ((long) i << geometry.shift(level));
            if (entry == 0) {
                continue;
            }
            if (!Tables.isValid(entry)) {
                throw refusal(entry, at, "it is neither empty nor valid");
            }
            if (iova > lastIova) {
                throw refusal(entry, at, String.format("iova 0x%x is above 0x%x", iova, lastIova));
            }
            if (level > 0) {
                check(checkedTable(entry, at), level - 1, iova);
            } else {
                checkLeaf(entry, at);
            }
        }
    }

    private long checkedTable(long entry, long at) {
        long table = tables.dialect.decode(entry);
        if (table > lastPaddr || !memory.contains(table, geometry.tableBytes())) {
            throw refusal(entry, at, String.format("next table 0x%x is not memory", table));
        }
        if ((table & geometry.tableBytes() - 1) != 0) {
            throw refusal(entry, at, String.format("next table is no multiple of 0x%x", geometry.tableBytes()));
        }
        if ((tables.dialect.encode(table) | Tables.VALID) != entry) {
            throw refusal(entry, at, "next table has more than an address");
        }
        if (!seen.add(table)) {
            throw refusal(entry, at, String.format("next table 0x%x is in the tree twice", table));
        }
        return table;
    }

    private void checkLeaf(long entry, long at) {
        long address = tables.dialect.decode(entry);
        if ((address & geometry.tableBytes() - 1) != 0) {
            throw refusal(entry, at, String.format("address is no multiple of 0x%x", geometry.tableBytes()));
        }
        if (address > lastPaddr) {
            throw refusal(entry, at, String.format("address is above 0x%x", lastPaddr));
        }
        if (!tables.dialect.isWhole(entry)) {
            throw refusal(entry, at, "only a part of its page is accessible");
        }
    }

    private static IommuException refusal(long entry, long at, String why) {
        return new IommuException(
                Errno.EINVAL, String.format("entry 0x%016x at 0x%x cannot be adopted: %s", entry, at, why));
    }
}
