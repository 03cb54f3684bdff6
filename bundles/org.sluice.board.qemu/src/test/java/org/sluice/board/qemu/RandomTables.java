package org.sluice.board.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/** Random but legal page tables of one context or of one VMID's stage 2, in the memory of both twins. */
final class RandomTables {
    /** Where leaves point to: 64 KiB that every leaf size can hold. */
    static final long DATA = 0x4800_0000L;

    static final int DATA_BYTES = 0x1_0000;

    /** An address without memory. */
    static final long HOLE = 0x6000_0000L;

    private static final long TABLE_BYTES = 0x1_0000;
    private static final int LAST_LEVEL = 3;
    private static final int IPA_BITS = 44;
    private static final int[] GRANULES = {12, 14, 16};

    /** What tables translate. */
    enum Form {
        /** Addresses of the lower half of stage 1. */
        LOW_HALF,
        /** Addresses of its upper half. */
        HIGH_HALF,
        /** Intermediate addresses. */
        STAGE_2
    }

    private final Twins twins;
    private final Random random;
    private final long[] free;
    private final List<Mapping> mappings = new ArrayList<>();

    final Form form;
    final int granule;
    final int inputBits;
    final long root;

    /**
     * A leaf.
     *
     * @param iova first IOVA
     * @param bytes size
     * @param target IOVA of the first byte of {@link #DATA} that it reaches
     * @param reach bytes of the data from there
     * @param at address of its descriptor
     */
    record Mapping(long iova, long bytes, long target, long reach, long at) {}

    /**
     * Tables with some mappings.
     *
     * @param free address of free memory for tables, advanced
     */
    RandomTables(Twins twins, Random random, long[] free, Form form) {
        this.form = form;
        this.twins = twins;
        this.random = random;
        this.free = free;
        granule = GRANULES[random.nextInt(GRANULES.length)];
        inputBits = 25 + random.nextInt(form == Form.STAGE_2 ? IPA_BITS - 24 : 24);
        root = table();
        long base = random.nextLong();
        for (int i = 0; i < 12; i++) {
            long near = base ^ (long) random.nextInt(8) << granule + random.nextInt(2) * (granule - 3);
            map(address(random.nextInt(4) == 0 ? random.nextLong() : near));
        }
    }

    static boolean isData(long address) {
        return address >= DATA && address < DATA + DATA_BYTES;
    }

    List<Mapping> mappings() {
        return mappings;
    }

    /** Any number as an address that the tables translate. */
    long address(long any) {
        return form == Form.HIGH_HALF ? any | -1L << inputBits : input(any);
    }

    private long input(long any) {
        return any & (1L << inputBits) - 1;
    }

    private long table() {
        long address = free[0];
        free[0] += TABLE_BYTES;
        return address;
    }

    private int perLevel() {
        return granule - 3;
    }

    int startLevel() {
        return 4 - (inputBits - granule + perLevel() - 1) / perLevel();
    }

    private int shift(int level) {
        return granule + (LAST_LEVEL - level) * perLevel();
    }

    /** Largest leaf: 4K granule has 1 GiB, the others have only the level above pages. */
    private int leafLevel() {
        int first = Math.max(startLevel(), granule == 12 ? 1 : 2);
        return random.nextInt(3) == 0 ? first + random.nextInt(LAST_LEVEL + 1 - first) : LAST_LEVEL;
    }

    private void map(long iova) {
        int leafLevel = leafLevel();
        long table = root;
        for (int level = startLevel(); level < leafLevel; level++) {
            long at = entry(table, iova, level);
            long next = twins.load(at);
            if (next == 0) {
                next = TableDescriptor.withType(random.nextInt(60) == 0 ? HOLE : table(), TableDescriptor.TYPE_TABLE);
                if (form != Form.STAGE_2 && random.nextInt(20) == 0) {
                    next = TableDescriptor.withApTableRdonly(next, 1);
                }
                twins.store(at, next);
            }
            if ((next & 3) != TableDescriptor.TYPE_TABLE || TableDescriptor.nextTable(next) == HOLE) {
                return;
            }
            table = TableDescriptor.nextTable(next);
        }
        long at = entry(table, iova, leafLevel);
        if (twins.load(at) == 0) {
            long bytes = 1L << shift(leafLevel);
            long first = iova & -bytes;
            twins.store(at, leaf(leafLevel));
            mappings.add(mapping(first, bytes, at));
        }
    }

    private Mapping mapping(long first, long bytes, long at) {
        long output = twins.load(at) & (1L << 48) - 1 & -bytes;
        boolean covers = Long.compareUnsigned(DATA - output, bytes) < 0;
        long target = covers ? first + (DATA - output) : first;
        return new Mapping(first, bytes, target, Math.min(bytes, DATA_BYTES), at);
    }

    private long entry(long table, long iova, int level) {
        long index = input(iova) >>> shift(level) & (1L << perLevel()) - 1;
        return table + 8 * index;
    }

    /** The descriptors from the root to where a walk ends, whatever any TLB holds. */
    List<Long> walk(long iova) {
        List<Long> descriptors = new ArrayList<>();
        long table = root;
        for (int level = startLevel(); level <= LAST_LEVEL && table != HOLE; level++) {
            long descriptor = twins.load(entry(table, iova, level));
            descriptors.add(descriptor);
            if ((descriptor & 3) != TableDescriptor.TYPE_TABLE) {
                break;
            }
            table = TableDescriptor.nextTable(descriptor);
        }
        return descriptors;
    }

    /**
     * Whether an access to an IOVA, were it let through, would reach memory that is no data: a large leaf covers the tables
     * themselves, and places where the machines differ rather than their SMMUs.
     */
    boolean leadsAstray(long iova) {
        List<Long> walked = walk(iova);
        int level = startLevel() + walked.size() - 1;
        long descriptor = walked.get(walked.size() - 1);
        if ((descriptor & 3) != (level == LAST_LEVEL ? 3 : 1)) {
            return false;
        }
        long inside = iova & (1L << shift(level)) - 1;
        long reached = Stage1Leaf.outputAddress(descriptor) & -(1L << shift(level)) | inside;
        return reached >>> 40 == 0 && !isData(reached);
    }

    /** Puts another leaf in the place of one. */
    void change(Mapping mapping) {
        int level = LAST_LEVEL - (Long.numberOfTrailingZeros(mapping.bytes()) - granule) / perLevel();
        twins.store(mapping.at(), leaf(level));
        mappings.replaceAll(each -> each == mapping ? mapping(mapping.iova(), mapping.bytes(), mapping.at()) : each);
    }

    private long leaf(int level) {
        long bytes = 1L << shift(level);
        long output = bytes >= DATA_BYTES ? DATA & -bytes : DATA + random.nextLong(DATA_BYTES / bytes) * bytes;
        long leaf = attributes(output | (level == LAST_LEVEL ? 3 : 1));
        return switch (random.nextInt(24)) {
            case 0 -> 0;
            case 1 -> leaf & ~1L;
            case 2 -> level == LAST_LEVEL ? leaf & ~2L : leaf;
            case 3 -> leaf | 1L << 43 + random.nextInt(5);
            default -> leaf;
        };
    }

    private long attributes(long descriptor) {
        long leaf = descriptor;
        if (form == Form.STAGE_2) {
            leaf = Stage2Leaf.withAf(leaf, random.nextInt(10) == 0 ? 0 : 1);
            leaf = Stage2Leaf.withS2apW(leaf, random.nextInt(4) == 0 ? 0 : 1);
            leaf = Stage2Leaf.withS2apR(leaf, random.nextInt(8) == 0 ? 0 : 1);
            leaf = Stage2Leaf.withMemAttr(leaf, Stage2Leaf.MEMATTR_WB);
            return Stage2Leaf.withSh(leaf, 3);
        }
        leaf = Stage1Leaf.withAf(leaf, random.nextInt(10) == 0 ? 0 : 1);
        leaf = Stage1Leaf.withNG(leaf, 1);
        leaf = Stage1Leaf.withApRdonly(leaf, random.nextInt(4) == 0 ? 1 : 0);
        leaf = Stage1Leaf.withApUnpriv(leaf, random.nextInt(16) == 0 ? 0 : 1);
        leaf = Stage1Leaf.withSh(leaf, 3);
        return Stage1Leaf.withUxn(leaf, random.nextInt(2));
    }
}
