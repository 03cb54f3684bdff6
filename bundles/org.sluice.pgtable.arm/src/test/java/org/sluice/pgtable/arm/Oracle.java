package org.sluice.pgtable.arm;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.sluice.spi.pgtable.PageTableConfig;

/**
 * What a page table must do, said with sorted maps: leaves by IOVA, and which tables exist. Written from the rules of
 * linux-iommu.md section 2.2, without any of the code under test.
 */
class Oracle {
    /** A leaf. */
    record Leaf(long size, long paddr, int prot) {}

    final TreeMap<Long, Leaf> leaves = new TreeMap<>();
    /** By log2 of what a table covers: first IOVAs of the tables below the top one. */
    final TreeMap<Integer, TreeSet<Long>> tables = new TreeMap<>();

    /** Page size with which the last unmap must be invalidated. */
    long smallest;

    private final int granuleShift;
    private final int bits;
    private final int inputBits;
    /** log2 of the smallest leaf that a table below the top one has no room for. */
    private final int topShift;

    Oracle(PageTableConfig config, int granuleShift) {
        this.granuleShift = granuleShift;
        bits = granuleShift - 3;
        inputBits = config.inputBits();
        topShift = granuleShift + bits * (Configs.levels(config) - 1);
        for (int cover = granuleShift + bits; cover <= topShift; cover += bits) {
            tables.put(cover, new TreeSet<>());
        }
    }

    Oracle(int granuleShift, int inputBits, int topShift) {
        this.granuleShift = granuleShift;
        this.inputBits = inputBits;
        this.topShift = topShift;
        bits = topShift - granuleShift;
        tables.put(topShift, new TreeSet<>());
    }

    static Oracle of(PageTableConfig config) {
        return Configs.isShort(config)
                ? new ShortOracle(config)
                : new Oracle(config, Long.numberOfTrailingZeros(config.pageSizes()));
    }

    /** log2 of what the table covers that holds leaves of a size. */
    int cover(int sizeShift) {
        int entryShift = entryShift(sizeShift);
        return entryShift == topShift ? Math.max(inputBits, topShift + 1) : entryShift + bits;
    }

    /** log2 of what an entry covers in the table that holds leaves of a size: less than the leaf for a contiguous group. */
    int entryShift(int sizeShift) {
        return granuleShift + (sizeShift - granuleShift) / bits * bits;
    }

    /** Bytes mapped; fewer than asked for when something is in the way. */
    long map(long iova, long paddr, int sizeShift, long count, int prot) {
        long size = 1L << sizeShift;
        long end = iova + size * count;
        int cover = cover(sizeShift);
        long at = iova;
        while (at != end) {
            long run = run(at, end - at, paddr + (at - iova), cover, size);
            if (isInLeafOfHigherTable(at, sizeShift)) {
                return at - iova;
            }
            makeTables(at, cover);
            if (isInLeaf(at) || !leaves.subMap(at, true, at + run - 1, true).isEmpty()) {
                return at - iova;
            }
            removeTables(at, run, sizeShift);
            for (long page = at; page != at + run; page += size) {
                leaves.put(page, new Leaf(size, paddr + (page - iova), prot));
            }
            at += run;
        }
        return at - iova;
    }

    /** Bytes that are checked before any of them is mapped: those in one table. */
    long run(long at, long left, long target, int cover, long size) {
        long run = cover >= 63 ? left : Math.min(left, (at | (1L << cover) - 1) + 1 - at);
        // Folded addresses do not ascend over bit 48, or 50 in LPA2: the implementation may stop and go on there.
        long plain = granuleShift == 16 ? 1L << 48 : 1L << 50;
        return Math.min(run, (target | plain - 1) + 1 - target);
    }

    private boolean isInLeafOfHigherTable(long at, int sizeShift) {
        return isInLeaf(at)
                && entryShift(Long.numberOfTrailingZeros(leaves.floorEntry(at).getValue().size))
                        > entryShift(sizeShift);
    }

    private boolean isInLeaf(long at) {
        Map.Entry<Long, Leaf> below = leaves.floorEntry(at);
        return below != null && at - below.getKey() < below.getValue().size;
    }

    private void makeTables(long at, int lowestCover) {
        tables.tailMap(lowestCover).forEach((cover, bases) -> bases.add(at & -(1L << cover)));
    }

    void removeTables(long from, long bytes, int largestCover) {
        tables.headMap(largestCover, true)
                .forEach((cover, bases) ->
                        bases.subSet(from, true, from + bytes - 1, true).clear());
    }

    /** Bytes unmapped. */
    long unmap(long iova, int sizeShift, long count) {
        long size = 1L << sizeShift;
        smallest = 1L << entryShift(sizeShift);
        for (long i = 0; i < count; i++) {
            if (!remove(iova + i * size, sizeShift)) {
                return i * size;
            }
        }
        return count * size;
    }

    /** Unmaps one page size; false if that is no leaf of this size and no table of it. */
    boolean remove(long at, int sizeShift) {
        long size = 1L << sizeShift;
        int cover = cover(sizeShift);
        boolean reachable =
                entryShift(sizeShift) == topShift || tables.get(cover).contains(at & -(1L << cover));
        Leaf leaf = leaves.get(at);
        if (reachable && leaf != null && leaf.size == size) {
            leaves.remove(at);
            return true;
        }
        if (entryShift(sizeShift) != sizeShift) {
            return reachable && removeInsteadOfGroup(at, sizeShift);
        }
        if (reachable && sizeShift > granuleShift && tables.get(sizeShift).contains(at)) {
            leaves.subMap(at, true, at + size - 1, true).clear();
            removeTables(at, size, sizeShift);
            smallest = 1L << granuleShift;
            return true;
        }
        return false;
    }

    /** Smaller leaves where a contiguous group could be go together, with the tables among them. */
    private boolean removeInsteadOfGroup(long at, int sizeShift) {
        long size = 1L << sizeShift;
        NavigableMap<Long, Leaf> within = leaves.subMap(at, true, at + size - 1, true);
        if (within.isEmpty()) {
            return false;
        }
        within.clear();
        long before = tableCount();
        removeTables(at, size, sizeShift);
        smallest = tableCount() == before ? smallest : 1L << granuleShift;
        return true;
    }

    long iovaToPhys(long iova) {
        Map.Entry<Long, Leaf> entry = leaves.floorEntry(iova);
        return entry == null || iova - entry.getKey() >= entry.getValue().size
                ? 0
                : entry.getValue().paddr + (iova - entry.getKey());
    }

    /** Tables, the top one included. */
    long tableCount() {
        return 1 + tables.values().stream().mapToLong(TreeSet::size).sum();
    }

    List<String> describe(NavigableMap<Long, Leaf> range) {
        List<String> lines = new ArrayList<>();
        range.forEach((iova, leaf) -> lines.add(line(iova, leaf.paddr, leaf.size, leaf.prot)));
        return lines;
    }

    static String line(long iova, long paddr, long size, int prot) {
        return String.format("0x%x to 0x%x, 0x%x bytes, prot 0x%x", iova, paddr, size, prot);
    }
}
