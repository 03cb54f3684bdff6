package org.sluice.pgtable.amd;

import java.util.HashSet;
import java.util.Set;
import org.sluice.amd.arch.AmdPte;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Checks that tables which somebody else wrote are tables of this format, before they are taken over. It reads only, and
 * trusts nothing: an entry that is not present but not empty, a table that skips a level, restricts access, is outside
 * memory or reached twice, a leaf whose entries differ, whose size is not offered, or whose address the hardware could not
 * produce are refused with the address and value of the entry.
 */
final class Adoption {
    private final PhysicalMemory memory;
    private final long pageSizes;
    private final long lastPaddr;
    private final Set<Long> seen = new HashSet<>();

    Adoption(PhysicalMemory memory, long pageSizes, long lastPaddr) {
        this.memory = memory;
        this.pageSizes = pageSizes;
        this.lastPaddr = lastPaddr;
    }

    /**
     * Checks everything that the root reaches.
     *
     * @return levels of the tree
     */
    int check(long root) {
        int levels = levels(root);
        seen.add(root);
        check(root, Level.of(levels - 1));
        return levels;
    }

    /**
     * How high a tree is, as its top table tells: by the level of the tables below it, else by the size of a coded leaf. One
     * that has neither did not grow: a top that we let grow has a table in entry 0.
     */
    private int levels(long root) {
        int levels = Tables.FIRST_LEVELS;
        for (int i = 0; i < Level.ENTRIES; i++) {
            long at = root + 8L * i;
            long entry = memory.read64Acquire(at);
            int next = (int) AmdPte.nextLevel(entry);
            if (!Pte.isPresent(entry) || next == AmdPte.NEXTLEVEL_LEAF) {
                continue;
            }
            if (next == AmdPte.NEXTLEVEL_CODED_LEAF) {
                levels = (codedShift(entry) - Level.PAGE_SHIFT) / Level.INDEX_BITS + 1;
            } else {
                levels = next + 1;
            }
            if (levels < Tables.FIRST_LEVELS || levels > Level.MOST) {
                throw refusal(entry, at, levels, "a tree has 3 to 6 levels");
            }
            break;
        }
        return levels;
    }

    private static int codedShift(long entry) {
        return Level.PAGE_SHIFT + 1 + Long.numberOfTrailingZeros(~(entry >>> Level.PAGE_SHIFT));
    }

    private void check(long table, Level level) {
        int replicas = 1;
        for (int i = 0; i < Level.ENTRIES; i += replicas) {
            replicas = 1;
            long at = table + 8L * i;
            long entry = memory.read64Acquire(at);
            if (entry == 0) {
                continue;
            }
            int next = (int) AmdPte.nextLevel(entry);
            if (!Pte.isPresent(entry)) {
                throw refusal(entry, at, level.number + 1, "it is neither empty nor present");
            } else if (next == AmdPte.NEXTLEVEL_LEAF || next == AmdPte.NEXTLEVEL_CODED_LEAF) {
                replicas = checkLeaf(entry, at, i, level);
            } else if (next == level.number) {
                check(checkedTable(entry, at, level), level.below());
            } else {
                throw refusal(entry, at, level.number + 1, "next level " + next + " is none below it");
            }
        }
    }

    private long checkedTable(long entry, long at, Level level) {
        long table = Pte.tableAddress(entry);
        if (Long.compareUnsigned(table, lastPaddr) > 0 || !memory.contains(table, Level.TABLE_BYTES)) {
            throw refusal(entry, at, level.number + 1, String.format("next table 0x%x is not memory", table));
        }
        if (!Pte.grantsAll(entry)) {
            throw refusal(entry, at, level.number + 1, "it restricts the access of what is below");
        }
        if (!seen.add(table)) {
            throw refusal(entry, at, level.number + 1, String.format("next table 0x%x is in the tree twice", table));
        }
        return table;
    }

    /** Returns how many entries the leaf has. */
    private int checkLeaf(long entry, long at, int index, Level level) {
        boolean coded = AmdPte.nextLevel(entry) == AmdPte.NEXTLEVEL_CODED_LEAF;
        int shift = coded ? codedShift(entry) : level.shift;
        if (coded && (shift <= level.shift || shift >= level.shift + Level.INDEX_BITS)) {
            throw refusal(entry, at, level.number + 1, "leaves of 2^" + shift + " bytes are not at this level");
        }
        if ((pageSizes & 1L << shift) == 0) {
            throw refusal(
                    entry,
                    at,
                    level.number + 1,
                    String.format("leaves of 0x%x bytes are not in 0x%x", 1L << shift, pageSizes));
        }
        LeafSize size = new LeafSize(shift);
        if ((entry & (size.bytes() - 1 & AmdPte.OUTPUTADDRESS_MASK)) != (size.code & AmdPte.OUTPUTADDRESS_MASK)) {
            throw refusal(entry, at, level.number + 1, String.format("address is no multiple of 0x%x", size.bytes()));
        }
        if (Long.compareUnsigned(Pte.leafAddress(entry, shift), lastPaddr) > 0) {
            throw refusal(entry, at, level.number + 1, String.format("address is above 0x%x", lastPaddr));
        }
        for (int i = 0; i < size.replicas; i++) {
            boolean same = (index & size.replicas - 1) == 0
                    && Pte.clean(memory.read64Acquire(at + 8L * i)) == Pte.clean(entry);
            if (!same) {
                throw refusal(entry, at, level.number + 1, "its leaf is not in " + size.replicas + " equal entries");
            }
        }
        return size.replicas;
    }

    private static IommuException refusal(long entry, long at, int level, String why) {
        return new IommuException(
                Errno.EINVAL,
                String.format("entry 0x%016x at 0x%x, level %d, cannot be adopted: %s", entry, at, level, why));
    }
}
