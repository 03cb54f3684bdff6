package org.sluice.pgtable.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;

/**
 * What a page table must do, said with sorted maps: leaves by IOVA, and which tables exist. Written from the rules of
 * linux-iommu.md section 2.3, without any of the code under test.
 */
final class RadixOracle {
    /** A leaf. */
    record Leaf(long size, long paddr, int prot) {}

    private static final int INDEX_BITS = 9;

    final TreeMap<Long, Leaf> leaves = new TreeMap<>(Long::compareUnsigned);
    /** By log2 of what a table covers: first IOVAs of the tables below the top one. */
    private final TreeMap<Integer, TreeSet<Long>> tables = new TreeMap<>();

    private final IntUnaryOperator granted;

    /**
     * An empty page table.
     *
     * @param width bits that the top table translates
     * @param granted what a protection that is asked for becomes
     */
    RadixOracle(int width, IntUnaryOperator granted) {
        this.granted = granted;
        for (int cover = 12 + INDEX_BITS; cover < width; cover += INDEX_BITS) {
            tables.put(cover, new TreeSet<>(Long::compareUnsigned));
        }
    }

    /** log2 of what an entry covers that maps a size: 64K is mapped by 16 entries. */
    private static int entryShift(int sizeShift) {
        return sizeShift == 16 ? 12 : sizeShift;
    }

    /** Bytes mapped; fewer than asked for when something is in the way. */
    long map(long iova, long paddr, int sizeShift, long count, int prot) {
        long size = 1L << sizeShift;
        long bytes = size * count;
        int cover = entryShift(sizeShift) + INDEX_BITS;
        long done = 0;
        while (done != bytes) {
            long at = iova + done;
            long run = Math.min(bytes - done, (1L << cover) - (at & (1L << cover) - 1));
            Leaf there = leafOver(at);
            if (there != null && there.size >= 1L << cover) {
                return done;
            }
            tables.tailMap(cover).forEach((covered, bases) -> bases.add(at & -(1L << covered)));
            if (there != null || !leaves.subMap(at, true, at + run - 1, true).isEmpty()) {
                return done;
            }
            removeTables(at, run, entryShift(sizeShift));
            for (long page = 0; page != run; page += size) {
                leaves.put(at + page, new Leaf(size, paddr + done + page, granted.applyAsInt(prot)));
            }
            done += run;
        }
        return done;
    }

    private Leaf leafOver(long at) {
        Map.Entry<Long, Leaf> below = leaves.floorEntry(at);
        boolean over = below != null && Long.compareUnsigned(at - below.getKey(), below.getValue().size) < 0;
        return over ? below.getValue() : null;
    }

    private void removeTables(long from, long bytes, int largestCover) {
        tables.headMap(largestCover, true)
                .forEach((cover, bases) ->
                        bases.subSet(from, true, from + bytes - 1, true).clear());
    }

    /** Bytes unmapped: all of a larger leaf that begins where the unmap has come to, nothing of one that began before. */
    long unmap(long iova, int sizeShift, long count) {
        int entryShift = entryShift(sizeShift);
        long entryBytes = 1L << entryShift;
        long wanted = count << sizeShift;
        long done = 0;
        while (done < wanted) {
            long at = iova + done;
            Leaf leaf = leaves.get(at);
            if (leaf != null && leaf.size >= entryBytes) {
                leaves.remove(at);
                done += leaf.size;
            } else if (entryShift > 12 && tables.get(entryShift).contains(at)) {
                leaves.subMap(at, true, at + entryBytes - 1, true).clear();
                removeTables(at, entryBytes, entryShift);
                done += entryBytes;
            } else {
                break;
            }
        }
        return done;
    }

    long iovaToPhys(long iova) {
        Leaf leaf = leafOver(iova);
        return leaf == null ? 0 : leaf.paddr + (iova - leaves.floorKey(iova));
    }

    /** Tables, the top one included. */
    long tableCount() {
        return 1 + tables.values().stream().mapToLong(TreeSet::size).sum();
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
