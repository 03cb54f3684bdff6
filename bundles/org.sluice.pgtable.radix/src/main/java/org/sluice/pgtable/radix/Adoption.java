package org.sluice.pgtable.radix;

import java.util.HashSet;
import java.util.Set;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Checks that tables which somebody else wrote are tables of this geometry, before they are taken over. It reads only, and
 * trusts nothing: an entry that is neither empty nor valid, a table outside memory or reached twice, a leaf where none may
 * be, a range of 64K that is not whole, a table that takes rights from what is below it, and an address that the hardware
 * could not produce are refused with the address and value of the entry.
 */
final class Adoption {
    private final Tables tables;
    private final Geometry geometry;
    private final EntryCode code;
    private final LeafAttributes attributes;
    private final PhysicalMemory memory;
    private final long pageSizes;
    private final long lastPaddr;
    private final Set<Long> seen = new HashSet<>();

    Adoption(Tables tables, LeafAttributes attributes, long pageSizes, long lastPaddr) {
        this.tables = tables;
        this.geometry = tables.geometry;
        this.code = tables.code;
        this.attributes = attributes;
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
                checkLeaf(entry, at, i, level);
            }
        }
    }

    private long tableOf(long entry, long at, Level level) {
        long table = code.address(entry);
        if (!code.passesRights(entry)) {
            throw refusal(entry, at, level, "a table takes rights from what is below it, or has bits of a leaf");
        }
        if (Long.compareUnsigned(table, lastPaddr) > 0 || !memory.contains(table, Level.TABLE_BYTES)) {
            throw refusal(entry, at, level, String.format("next table 0x%x is not memory", table));
        }
        if (!seen.add(table)) {
            throw refusal(entry, at, level, String.format("next table 0x%x is in the tree twice", table));
        }
        return table;
    }

    private void checkLeaf(long entry, long at, int index, Level level) {
        if (!attributes.isDefined(entry)) {
            throw refusal(entry, at, level, "its protection is reserved");
        }
        if (code.isGrouped(entry)) {
            checkGroup(entry, at, index, level);
        }
        long size = code.leafBytes(entry, level);
        if ((pageSizes & size) == 0) {
            throw refusal(entry, at, level, String.format("leaves of 0x%x bytes are not in 0x%x", size, pageSizes));
        }
        long address = code.leafAddress(entry);
        if ((address & size - 1) != 0) {
            throw refusal(entry, at, level, String.format("address is no multiple of 0x%x", size));
        }
        if (Long.compareUnsigned(address, lastPaddr) > 0) {
            throw refusal(entry, at, level, String.format("address is above 0x%x", lastPaddr));
        }
    }

    private void checkGroup(long entry, long at, int index, Level level) {
        long wanted = code.group | code.encode(code.leafAddress(entry));
        boolean sound = level.last && code.address(entry) == code.address(wanted) && (entry & code.group) == code.group;
        if (!sound) {
            throw refusal(entry, at, level, "only a range of 64K has such entries, and says its size in the address");
        }
        long marks = attributes.accessed() | attributes.dirty(); // hardware marks one entry
        int number = index & EntryCode.GROUP_ENTRIES - 1;
        boolean whole = ((entry ^ tables.words.load(at - 8L * number)) & ~marks) == 0;
        for (int i = 1; i < EntryCode.GROUP_ENTRIES && number == 0; i++) {
            whole &= tables.words.load(at + 8L * i) != 0; // what is there is compared when it is visited
        }
        if (!whole) {
            throw refusal(entry, at, level, "a range of 64K has 16 equal entries");
        }
    }

    private static IommuException refusal(long entry, long at, Level level, String why) {
        return new IommuException(
                Errno.EINVAL,
                String.format("entry 0x%016x at 0x%x, level %d, cannot be adopted: %s", entry, at, level.number, why));
    }
}
