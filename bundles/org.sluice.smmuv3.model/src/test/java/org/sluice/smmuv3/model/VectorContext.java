package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;
import org.sluice.vmsa.arch.Stage1Leaf;

/** A vector of a CD: what an access meets that uses it, through an STE with stage 1 alone. */
record VectorContext(Vector vector, Smmu smmu) {
    private static final long PAGE = 0x9800_0000L;

    void check() {
        smmu.ste(Smmu.SID, VectorStream.entry(vector, Smmu.stage1Word0(0), 0, 0, 0, 0, 0, 0, 0));
        smmu.cd(0, vector.input());
        long iova = vector.stimulus("ia", VectorStream.IA);
        if (VectorOutcome.isFault(vector)) {
            // a fault of a leaf needs one, which the vector does not give
            if (vector.expectedEvents().contains("F_ACCESS")) {
                map(iova, Tables.RW & ~Stage1Leaf.AF_MASK);
            }
            VectorOutcome.check(vector, smmu, VectorStream.access(vector, smmu, iova));
        } else {
            walk(iova);
        }
    }

    private void walk(long iova) {
        boolean low = vector.expected().contains("TTB0");
        boolean high = StreamContext.isHigh(iova);
        assertThat(low && high || vector.says(Phrase.UPPER_HALF) && !high)
                .as("the half that the vector names is that of its address")
                .isFalse();
        int granule = map(iova, Tables.RW);
        long size = 1L << granule;
        assertThat(smmu.translate(Dma.NO_PASID, iova, VectorStream.flags(vector)))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, PAGE | iova & size - 1, size, ""));
        assertThat(VectorStream.access(vector, smmu, iova)).isEqualTo(Dma.OK);
        assertThat(smmu.events()).isEmpty();
    }

    // maps the page of an address in its half, as the context says that its tables are
    private int map(long iova, long attributes) {
        long[] cd = vector.input();
        boolean high = StreamContext.isHigh(iova);
        long encoded = high ? ContextDescriptor.tg1(cd[0]) : ContextDescriptor.tg0(cd[0]);
        int granule = (high ? new int[] {0, 14, 12, 16} : new int[] {12, 16, 14, 0})[(int) encoded];
        int inputBits = 64 - (int) (high ? ContextDescriptor.t1sz(cd[0]) : ContextDescriptor.t0sz(cd[0]));
        int rootBits = (inputBits - granule - 1) % (granule - 3) + 1;
        long base = high ? ContextDescriptor.ttb1(cd[2]) : ContextDescriptor.ttb0(cd[1]);
        long root = base & -(8L << rootBits);
        Tables.map(smmu, root, granule, inputBits, iova, 3, PAGE | attributes | Stage1Leaf.TYPE_PAGE);
        return granule;
    }
}
