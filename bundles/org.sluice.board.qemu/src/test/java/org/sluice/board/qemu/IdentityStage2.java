package org.sluice.board.qemu;

import java.util.Random;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.vmsa.arch.Stage2Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/**
 * A stage 2 under random contexts, in the memory of both twins: all is one to one, in blocks, so that the SMMU finds contexts
 * and tables; only the pages of the data, each a leaf, are as chance has it.
 */
final class IdentityStage2 {
    static final int VMID = 1;
    private static final long ROOT = 0x4150_0000L;
    private static final long BLOCKS = 0x4151_0000L;
    private static final long PAGES = 0x4152_0000L;
    private static final int T0SZ = 25;
    private static final int BLOCK_BITS = 21;
    private static final int PAGE_BITS = 12;
    private static final long GIGABYTE = 0x4000_0000L;
    private static final int ENTRIES = 512;

    private final Twins twins;

    IdentityStage2(Twins twins) {
        this.twins = twins;
        twins.store(ROOT + 8, BLOCKS | TableDescriptor.TYPE_TABLE);
        for (int i = 0; i < ENTRIES; i++) {
            long block = GIGABYTE + ((long) i << BLOCK_BITS);
            boolean data = RandomTables.DATA >>> BLOCK_BITS == block >>> BLOCK_BITS;
            twins.store(
                    BLOCKS + 8L * i,
                    data ? PAGES | TableDescriptor.TYPE_TABLE : leaf(block, 1, 1, 1) | Stage2Leaf.TYPE_BLOCK);
            twins.store(PAGES + 8L * i, page(i, 1, 1, 1));
        }
    }

    private static long leaf(long address, int accessed, int read, int write) {
        long leaf = Stage2Leaf.withAf(address, accessed);
        leaf = Stage2Leaf.withS2apR(leaf, read);
        leaf = Stage2Leaf.withS2apW(leaf, write);
        return Stage2Leaf.withSh(Stage2Leaf.withMemAttr(leaf, Stage2Leaf.MEMATTR_WB), 3);
    }

    private static long page(int index, int accessed, int read, int write) {
        return leaf(RandomTables.DATA + ((long) index << PAGE_BITS), accessed, read, write) | Stage2Leaf.TYPE_PAGE;
    }

    /** Another leaf for a page of the data. */
    void change(int index, Random random) {
        long leaf = page(
                index,
                random.nextInt(10) == 0 ? 0 : 1,
                random.nextInt(10) == 0 ? 0 : 1,
                random.nextInt(5) == 0 ? 0 : 1);
        twins.store(PAGES + 8L * index, random.nextInt(16) == 0 ? 0 : leaf);
    }

    /** The third word of an STE over it, and what follows: S2TTB. */
    long[] fields(boolean records, boolean flagIgnored) {
        long word2 = StreamTableEntry.withS2vmid(0, VMID);
        word2 = StreamTableEntry.withS2t0sz(word2, T0SZ);
        word2 = StreamTableEntry.withS2sl0(word2, 1);
        word2 = StreamTableEntry.withS2sh0(word2, 3);
        word2 = StreamTableEntry.withS2ps(word2, 4);
        word2 = StreamTableEntry.withS2aa64(word2, 1);
        word2 = StreamTableEntry.withS2affd(word2, flagIgnored ? 1 : 0);
        return new long[] {StreamTableEntry.withS2r(word2, records ? 1 : 0), ROOT};
    }
}
