package org.sluice.smmuv3.model;

import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/** Writes translation tables by the geometry of VMSAv8-64, without the model's own arithmetic. */
final class Tables {
    /** A page that everybody may read and write. */
    static final long RW = Stage1Leaf.AF_MASK | Stage1Leaf.NG_MASK | Stage1Leaf.AP_UNPRIV_MASK;

    /** What stage 2 lets everybody read, write and execute. */
    static final long S2_RW = Stage2Leaf.AF_MASK
            | Stage2Leaf.S2AP_R_MASK
            | Stage2Leaf.S2AP_W_MASK
            | Stage2Leaf.withMemAttr(0, Stage2Leaf.MEMATTR_WB);

    private Tables() {}

    /**
     * Writes the descriptor of a level, and the tables above it.
     *
     * @return the descriptor's address
     */
    static long map(Smmu smmu, long root, int granuleBits, int inputBits, long iova, int leafLevel, long descriptor) {
        long input = iova & (1L << inputBits) - 1;
        int perLevel = granuleBits - 3;
        int level = 3;
        for (int covered = granuleBits + perLevel; covered < inputBits; covered += perLevel) {
            level--;
        }
        long table = root;
        return descend(smmu, table, granuleBits, level, input, leafLevel, descriptor);
    }

    /** As {@link #map}, for tables whose root is of a given level and may be several tables side by side. */
    static long descend(
            Smmu smmu, long root, int granuleBits, int startLevel, long input, int leafLevel, long descriptor) {
        int perLevel = granuleBits - 3;
        int level = startLevel;
        long table = root;
        while (true) {
            int shift = granuleBits + (3 - level) * perLevel;
            long above = level == startLevel ? -1L : (1L << perLevel) - 1;
            long at = table + (input >>> shift & above) * 8;
            if (level == leafLevel) {
                smmu.memory.write64Release(at, descriptor);
                return at;
            }
            long next = smmu.memory.read64(at);
            if (TableDescriptor.type(next) != TableDescriptor.TYPE_TABLE) {
                next = smmu.table() | TableDescriptor.TYPE_TABLE;
                smmu.memory.write64Release(at, next);
            }
            table = TableDescriptor.nextTable(next);
            level++;
        }
    }
}
