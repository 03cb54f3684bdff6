package org.sluice.pgtable.riscv;

import java.util.HashSet;
import java.util.Set;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.riscv.arch.Pte;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Checks that tables which somebody else wrote are tables of this geometry, before they are taken over. It reads only, and
 * trusts nothing: an entry that is neither empty nor valid, a table outside memory or reached twice, a leaf where none may
 * be, a range of 64K that is not whole, and an address that the hardware could not produce are refused with the address and
 * value of the entry.
 */
final class Adoption {
    /** What the entries of one range may differ in: hardware marks one of them. */
    private static final long MARKS = Pte.A_MASK | Pte.D_MASK;

    private final Tables tables;
    private final Geometry geometry;
    private final PhysicalMemory memory;
    private final long pageSizes;
    private final long lastPaddr;
    private final Set<Long> seen = new HashSet<>();

    Adoption(Tables tables, long pageSizes, long lastPaddr) {
        this.tables = tables;
        this.geometry = tables.geometry;
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
            if (EntryCode.isTable(entry, level)) {
                check(tableOf(entry, at, level), geometry.below(level), iova);
            } else if (!EntryCode.isLeaf(entry)) {
                throw refusal(entry, at, level, "neither empty nor a leaf nor a table there");
            } else {
                checkLeaf(entry, at, i, level);
            }
        }
    }

    private long tableOf(long entry, long at, Level level) {
        long table = EntryCode.decode(entry);
        if ((entry & ~(Pte.PPN_MASK | EntryCode.TABLE)) != 0) {
            throw refusal(entry, at, level, "a table has bits of a leaf");
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
        if (!SvAttributes.isDefined(entry)) {
            throw refusal(entry, at, level, "writable but not readable is reserved");
        }
        if (EntryCode.isGrouped(entry)) {
            checkGroup(entry, at, index, level);
        }
        long size = EntryCode.leafBytes(entry, level);
        if ((pageSizes & size) == 0) {
            throw refusal(entry, at, level, String.format("leaves of 0x%x bytes are not in 0x%x", size, pageSizes));
        }
        long address = EntryCode.leafAddress(entry);
        if ((address & size - 1) != 0) {
            throw refusal(entry, at, level, String.format("address is no multiple of 0x%x", size));
        }
        if (Long.compareUnsigned(address, lastPaddr) > 0) {
            throw refusal(entry, at, level, String.format("address is above 0x%x", lastPaddr));
        }
    }

    private void checkGroup(long entry, long at, int index, Level level) {
        long wanted = EntryCode.GROUP | EntryCode.encode(EntryCode.leafAddress(entry));
        if (!level.last || ((entry ^ wanted) & (EntryCode.GROUP | Pte.PPN_MASK)) != 0) {
            throw refusal(entry, at, level, "the N bit is for ranges of 64K, with bit 13 set");
        }
        int number = index & EntryCode.GROUP_ENTRIES - 1;
        boolean whole = ((entry ^ tables.words.load(at - 8L * number)) & ~MARKS) == 0;
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
