package org.sluice.pgtable.arm;

import java.util.HashSet;
import java.util.Set;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.vmsa.arch.Stage1Leaf;

/**
 * Checks that tables which somebody else wrote are tables of this geometry, before they are taken over. It reads only, and
 * trusts nothing: an entry that is neither empty nor valid, a table outside memory or reached twice, a block where none
 * may be, and an address that the hardware could not produce are refused with the address and value of the descriptor.
 */
final class Adoption {
    private final Tables tables;
    private final Geometry geometry;
    private final Granule granule;
    private final PhysicalMemory memory;
    private final LeafAttributes attributes;
    private final long pageSizes;
    private final long lastPaddr;
    private final Set<Long> seen = new HashSet<>();

    Adoption(Tables tables, LeafAttributes attributes, long pageSizes, long lastPaddr) {
        this.tables = tables;
        this.geometry = tables.geometry;
        this.granule = geometry.granule;
        this.memory = tables.host.memory();
        this.attributes = attributes;
        this.pageSizes = pageSizes;
        this.lastPaddr = lastPaddr;
    }

    /** Checks everything that the root reaches. */
    void check() {
        seen.add(tables.root);
        check(tables.root, geometry.top);
    }

    private void check(long table, Level level) {
        for (int i = 0; i < level.entries; i++) {
            long at = table + 8L * i;
            long descriptor = tables.words.load(at);
            if (descriptor == 0) {
                continue;
            }
            long type = descriptor & Tables.TYPE;
            if (!level.last && Tables.isTable(descriptor)) {
                check(tableOf(descriptor, at, level), geometry.below(level));
            } else if (type == (level.last ? attributes.pageType() : Stage1Leaf.TYPE_BLOCK)) {
                LeafSize size = checkSize(descriptor, at, level, i);
                checkLeaf(descriptor, at, size);
                for (int k = 1; k < size.entries(); k++) {
                    checkMember(descriptor, k, at, level);
                }
                i += size.entries() - 1;
            } else {
                throw refusal(descriptor, at, level, "type " + type + " is neither empty nor a leaf nor a table there");
            }
        }
    }

    private long tableOf(long descriptor, long at, Level level) {
        long table = granule.decode(descriptor);
        if (Long.compareUnsigned(table, lastPaddr) > 0
                || !memory.contains(table, geometry.below(level).tableBytes())) {
            throw refusal(descriptor, at, level, String.format("next table 0x%x is not memory", table));
        }
        if (granule.encode(table) != (descriptor & granule.addressField)) {
            throw refusal(descriptor, at, level, "next table is not aligned to the granule");
        }
        if (!seen.add(table)) {
            throw refusal(descriptor, at, level, String.format("next table 0x%x is in the tree twice", table));
        }
        return table;
    }

    private LeafSize checkSize(long descriptor, long at, Level level, int index) {
        if ((descriptor & LeafSize.HINT) == 0) {
            return level.leaf;
        }
        LeafSize group = level.group;
        if (group == null || (pageSizes & group.bytes()) == 0) {
            throw refusal(descriptor, at, level, "leaves with the contiguous hint cannot be unmapped one by one");
        }
        if ((index & group.entries() - 1) != 0) {
            throw refusal(descriptor, at, level, "it has the contiguous hint, and the first of its group has not");
        }
        return group;
    }

    /** What is written in one member of a group follows from the first, but for the mark that hardware makes. */
    private void checkMember(long first, int index, long firstAt, Level level) {
        long at = firstAt + 8L * index;
        long descriptor = tables.words.load(at);
        long address = granule.decode(first) + index * level.bytes();
        long mark = (first & Stage1Leaf.DBM_MASK) != 0 ? Stage1Leaf.AP_RDONLY_MASK : 0;
        long expected = first & ~granule.addressField | granule.encode(address);
        if (((descriptor ^ expected) & ~mark) != 0) {
            throw refusal(
                    descriptor, at, level, String.format("its contiguous group would have 0x%016x there", expected));
        }
    }

    private void checkLeaf(long descriptor, long at, LeafSize leaf) {
        Level level = leaf.level;
        long size = leaf.bytes();
        long address = granule.decode(descriptor);
        if ((pageSizes & size) == 0) {
            throw refusal(
                    descriptor, at, level, String.format("leaves of 0x%x bytes are not in 0x%x", size, pageSizes));
        }
        if (granule.encode(address & -size) != (descriptor & granule.addressField)) {
            throw refusal(descriptor, at, level, String.format("address is no multiple of 0x%x", size));
        }
        if (Long.compareUnsigned(address, lastPaddr) > 0) {
            throw refusal(descriptor, at, level, String.format("address is above 0x%x", lastPaddr));
        }
    }

    private static IommuException refusal(long descriptor, long at, Level level, String why) {
        return new IommuException(
                Errno.EINVAL,
                String.format(
                        "descriptor 0x%016x at 0x%x, level %d, cannot be adopted: %s",
                        descriptor, at, level.number, why));
    }
}
