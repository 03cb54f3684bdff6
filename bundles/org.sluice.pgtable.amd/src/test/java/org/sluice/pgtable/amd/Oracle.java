package org.sluice.pgtable.amd;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a page table must do, said with sorted maps: leaves by IOVA, and which tables exist. Written from the rules of
 * linux-iommu.md section 2.3 and of the contracts, without any of the code under test.
 */
final class Oracle {
    /** A leaf. */
    record Leaf(long size, long paddr, int prot) {}

    final TreeMap<Long, Leaf> leaves = new TreeMap<>();
    /** By log2 of what a table covers, from 21: first IOVAs of the tables that are not the top one. */
    private final TreeMap<Integer, TreeSet<Long>> tables = new TreeMap<>();
    /** log2 of what the top table covers. */
    private int top = 39;

    Oracle() {
        for (int cover = 21; cover <= 57; cover += 9) {
            tables.put(cover, new TreeSet<>());
        }
    }

    /** log2 of what an entry for a leaf of a size covers. */
    private static int entryShift(int sizeShift) {
        return 12 + (sizeShift - 12) / 9 * 9;
    }

    /** Bytes mapped; fewer than asked for when something is in the way. */
    long map(long iova, long paddr, int sizeShift, long count, int prot) {
        long size = 1L << sizeShift;
        int cover = entryShift(sizeShift) + 9;
        long end = iova + size * count;
        long at = iova;
        while (at != end) {
            long run = Math.min(end - at, (at | (1L << cover) - 1) + 1 - at);
            grow(at, cover);
            Map.Entry<Long, Leaf> below = leaves.floorEntry(at);
            if (below != null && at - below.getKey() < below.getValue().size && below.getValue().size >= 1L << cover) {
                return at - iova;
            }
            makeTables(at, cover);
            boolean taken = below != null && at - below.getKey() < below.getValue().size
                    || !leaves.subMap(at, true, at + run - 1, true).isEmpty();
            if (taken) {
                return at - iova;
            }
            removeTables(at, run, cover);
            for (long page = at; page != at + run; page += size) {
                leaves.put(page, new Leaf(size, paddr + (page - iova), prot));
            }
            at += run;
        }
        return at - iova;
    }

    private void grow(long at, int cover) {
        while (top < 64 && at >>> top != 0 || cover >= top && cover > 39) {
            tables.get(top).add(0L);
            top += 9;
        }
    }

    private void makeTables(long at, int lowestCover) {
        tables.tailMap(lowestCover).headMap(top).forEach((cover, bases) -> bases.add(at & -(1L << cover)));
    }

    /** Those that are smaller than a table of a cover and lie in a range. */
    private void removeTables(long from, long bytes, int cover) {
        tables.headMap(cover)
                .forEach((covered, bases) ->
                        bases.subSet(from, true, from + bytes - 1, true).clear());
    }

    /** Bytes unmapped. */
    long unmap(long iova, int sizeShift, long count) {
        int entry = Math.min(entryShift(sizeShift), top > 39 ? top - 18 : top - 9);
        long wanted = count << sizeShift;
        long done = 0;
        while (done < wanted) {
            long at = iova + done;
            Map.Entry<Long, Leaf> floor = leaves.floorEntry(at);
            Leaf leaf = floor == null || at - floor.getKey() >= floor.getValue().size ? null : floor.getValue();
            boolean table = entry > 12 && tables.get(entry).contains(at);
            if (table) {
                leaves.subMap(at, true, at + (1L << entry) - 1, true).clear();
                removeTables(at, 1L << entry, entry + 9);
                done += 1L << entry;
            } else if (leaf != null && floor.getKey() == at) {
                leaves.remove(at);
                done += leaf.size;
            } else {
                break;
            }
        }
        return done;
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

    int levels() {
        return (top - 12) / 9;
    }

    List<String> describe() {
        List<String> lines = new ArrayList<>();
        leaves.forEach((iova, leaf) -> lines.add(line(iova, leaf.paddr, leaf.size, leaf.prot)));
        return lines;
    }

    static String line(long iova, long paddr, long size, int prot) {
        return String.format("0x%x to 0x%x, 0x%x bytes, prot 0x%x", iova, paddr, size, prot);
    }
}
