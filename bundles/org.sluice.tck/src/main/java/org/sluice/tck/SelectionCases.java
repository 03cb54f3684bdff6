package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Runs of leaves of several sizes as Linux's page-size selection cuts a range (linux-iommu.md section 1.3), as far as a format
 * has the sizes.
 */
interface SelectionCases {
    /** A range, and the calls that it becomes: pairs of a size and a count. */
    record Selection(long iova, long paddr, long size, long... calls) {
        /** Whether the sizes are offered, and both addresses have room. */
        boolean fits(Trial trial) {
            boolean fits = size - 1 <= trial.last() - trial.first() - iova
                    && size <= (1L << trial.table().config().outputBits()) - paddr;
            for (int i = 0; i < calls.length; i += 2) {
                fits &= trial.sizes().contains(calls[i]);
            }
            return fits;
        }
    }

    /** One page size. */
    long K4 = 1L << 12;

    /** One block size. */
    long M2 = 1L << 21;

    /** One block size. */
    long G1 = 1L << 30;

    /** The golden rows. */
    private static Selection[] rows() {
        return new Selection[] {
            new Selection(0x1ff000, 0x1ff000, 0x202000, K4, 1, M2, 1, K4, 1),
            new Selection(0x1ff000, 0x1fe000, 0x202000, K4, 514),
            new Selection(0x1000, 0x1000, 0x40000000L, K4, 511, M2, 511, K4, 1),
            new Selection(0, 0, 0x40201000L, G1, 1, M2, 1, K4, 1),
            new Selection(0x3fe00000L, 0x7fe00000L, 0x80000000L, M2, 1, G1, 1, M2, 511),
            new Selection(0x1000, 0x201000, 0x3ff000, K4, 511, M2, 1)
        };
    }

    @EachConfiguration
    default void rangeThatIsCutIntoSizesMapsAndUnmapsAsOne(Trial trial) {
        for (Selection row : rows()) {
            if (!row.fits(trial)) {
                continue;
            }
            Expected expected = new Expected(trial);
            long done = 0;
            for (int i = 0; i < row.calls.length; i += 2) {
                long size = row.calls[i];
                long count = row.calls[i + 1];
                long iova = trial.first() + row.iova + done;
                long paddr = row.paddr + done;
                expected.map(iova, paddr, size, count, trial.prot(), trial.map(iova, paddr, size, count));
                done += size * count;
            }
            assertThat(done).isEqualTo(row.size);
            expected.assertMappedBy(trial);
            trial.assertTranslates(trial.first() + row.iova, row.paddr, row.size);
            done = 0;
            for (int i = 0; i < row.calls.length; i += 2) {
                long bytes = row.calls[i] * row.calls[i + 1];
                assertThat(trial.unmap(trial.first() + row.iova + done, row.calls[i], row.calls[i + 1]))
                        .isEqualTo(bytes);
                done += bytes;
            }
            assertThat(trial.table().survey().leaves()).isZero();
            trial.sync();
        }
    }
}
